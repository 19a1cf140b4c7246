//! The required user, and the required strength of authentication.

use serde_json::Value;

use crate::{
    error::{ErrorCode, OAuthError},
    mfa::Acr,
    model::Subject,
    request::{AuthorizationParams, ClaimsRequest},
    verify::VerifiedHint,
};

/// The user required by `id_token_hint`, or by the claim `sub` of an ID token (OpenID Core §5.5.1).
pub(super) fn subject(
    params: &AuthorizationParams<'_>,
    claims: &ClaimsRequest,
    read: &dyn Fn(&str) -> Result<VerifiedHint, OAuthError>,
) -> Result<Option<Subject>, OAuthError> {
    let hinted = params
        .id_token_hint()
        .map(read)
        .transpose()?
        .map(|hint| hint.subject);
    let claimed =
        match claims.id_token.get("sub").map(|c| c.values.as_slice()) {
            None | Some([]) => None,
            // OpenID Core §5.5.1: only this user may get a positive response, also if the value is no possible identifier.
            Some([Value::String(sub)]) => Some(Subject::parse(sub).map_err(|_| {
                OAuthError::invalid_request("the claim sub is no subject identifier")
            })?),
            Some(_) => return Err(OAuthError::invalid_request("the claim sub takes one value")),
        };
    match (hinted, claimed) {
        (Some(a), Some(b)) if a != b => Err(OAuthError::invalid_request(
            "id_token_hint and the claim sub name different users",
        )),
        (hinted, claimed) => Ok(hinted.or(claimed)),
    }
}

/// OpenID Core §5.5.1.1: an essential `acr` that can't be reached is a failed authentication.
/// `acr_values` is a voluntary claim (§3.1.2.1).
pub(super) fn acr_can_be_reached(
    claims: &ClaimsRequest,
    supported: &[Acr],
) -> Result<(), OAuthError> {
    let reached = |value: &Value| {
        let acr = value.as_str().and_then(Acr::parse);
        acr.is_some_and(|acr| supported.contains(&acr))
    };
    let unmet = claims.id_token.get("acr").is_some_and(|acr| {
        acr.essential && !acr.values.is_empty() && !acr.values.iter().any(reached)
    });
    if unmet {
        let names: Vec<_> = supported.iter().map(|acr| acr.as_str()).collect();
        return Err(OAuthError::new(
            ErrorCode::UnmetAuthenticationRequirements,
            format!(
                "the essential acr can't be reached; it can be {}",
                names.join(" or ")
            ),
        ));
    }
    Ok(())
}
