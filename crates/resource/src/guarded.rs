//! Objects that can be read only after an authorization rule allowed it.

use std::fmt;

use crate::{access_token::AccessToken, refusal::Forbidden};

/// An object behind a rule. Let what loads objects return this type: then a handler can't forget to ask whose they are,
/// because without [`Guarded::authorize`] the object can't be reached.
///
/// ```
/// use cardea_resource::{AccessToken, Forbidden, Guarded, owner};
///
/// struct Order { owner: String, total: u32 }
///
/// async fn load(id: u64) -> Guarded<Order> {
///     // from the database
/// #   let _ = id;
///     Guarded::new(Order { owner: "alice".to_owned(), total: 12 })
/// }
///
/// async fn total(token: AccessToken) -> Result<String, Forbidden> {
///     let order = load(1).await
///         .authorize(&token, owner(|order: &Order| &order.owner))
///         .map_err(Forbidden::as_not_found)?;
///     Ok(order.total.to_string())
/// }
/// ```
///
/// Neither the field nor any trait leads to the object:
///
/// ```compile_fail,E0609
/// # struct Order { total: u32 }
/// let order = cardea_resource::Guarded::new(Order { total: 12 });
/// println!("{}", order.total);
/// ```
///
/// ```compile_fail,E0616
/// let order = cardea_resource::Guarded::new(12_u32);
/// println!("{}", order.0);
/// ```
///
/// ```compile_fail,E0277
/// async fn handler() -> axum::Json<cardea_resource::Guarded<u32>> {
///     axum::Json(cardea_resource::Guarded::new(12))
/// }
/// let router: axum::Router = axum::Router::new().route("/", axum::routing::get(handler));
/// ```
#[must_use = "a guarded object is of no use before `authorize`"]
pub struct Guarded<T>(T);

impl<T> Guarded<T> {
    /// Puts an object behind a rule.
    pub fn new(object: T) -> Self {
        Self(object)
    }

    /// The object, if the rule lets this token have it.
    ///
    /// # Errors
    /// 403; as 404 by [`Forbidden::as_not_found`].
    pub fn authorize(
        self,
        token: &AccessToken,
        rule: impl FnOnce(&T, &AccessToken) -> bool,
    ) -> Result<T, Forbidden> {
        if rule(&self.0, token) {
            Ok(self.0)
        } else {
            Err(token.forbid("this object is not the caller's"))
        }
    }
}

impl<T> Guarded<Option<T>> {
    /// The object, if it exists and the rule lets this token have it. One that does not exist and one that the caller may not
    /// see are answered with the same 404, so that a stranger does not learn which objects exist.
    ///
    /// ```
    /// use cardea_resource::{AccessToken, Forbidden, Guarded, owner};
    ///
    /// struct Order { owner: String, total: u32 }
    ///
    /// async fn find(id: u64) -> Guarded<Option<Order>> {
    ///     // from the database
    /// #   let _ = id;
    ///     Guarded::new(None)
    /// }
    ///
    /// async fn total(token: AccessToken) -> Result<String, Forbidden> {
    ///     let order = find(1).await.authorize_found(&token, owner(|order: &Order| &order.owner))?;
    ///     Ok(order.total.to_string())
    /// }
    /// ```
    ///
    /// # Errors
    /// 404.
    pub fn authorize_found(
        self,
        token: &AccessToken,
        rule: impl FnOnce(&T, &AccessToken) -> bool,
    ) -> Result<T, Forbidden> {
        let Some(object) = self.0 else {
            return Err(token.missing());
        };
        Guarded(object)
            .authorize(token, rule)
            .map_err(Forbidden::as_not_found)
    }
}

/// What a database found, perhaps.
impl<T> From<Option<Guarded<T>>> for Guarded<Option<T>> {
    fn from(found: Option<Guarded<T>>) -> Self {
        Self(found.map(|guarded| guarded.0))
    }
}

/// Shows nothing of what is inside.
impl<T> fmt::Debug for Guarded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guarded")
    }
}

/// The rule that the object's owner is the token's subject.
pub fn owner<T>(of: impl Fn(&T) -> &str) -> impl Fn(&T, &AccessToken) -> bool {
    move |object, token| of(object) == token.subject()
}

/// The rule that the object's tenant is the token's. A token without a tenant has none.
pub fn tenant<T>(of: impl Fn(&T) -> &str) -> impl Fn(&T, &AccessToken) -> bool {
    move |object, token| token.tenant().is_some_and(|tenant| tenant == of(object))
}
