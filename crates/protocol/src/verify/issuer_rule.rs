//! Who may have issued an ID token: one issuer, or one for each tenant.

/// The placeholder in the issuer of a provider with many tenants, as Microsoft Entra ID publishes it.
const TENANT: &str = "{tenantid}";
/// A tenant is named by a GUID; others may use short names.
const MAX_TENANT_BYTES: usize = 64;

/// Which issuers a relying party accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerRule(Rule);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Rule {
    Exact(String),
    PerTenant {
        before: String,
        after: String,
        tenants: Tenants,
    },
}

/// Which tenants of a provider with many tenants are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tenants {
    /// Any tenant.
    Any,
    /// These tenants, by their identifiers.
    Only(Vec<String>),
}

impl Tenants {
    fn has(&self, tenant: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(tenants) => tenants.iter().any(|one| one == tenant),
        }
    }
}

impl IssuerRule {
    /// One issuer, compared character by character.
    #[must_use]
    pub fn exact(issuer: &str) -> Self {
        Self(Rule::Exact(issuer.to_owned()))
    }

    /// One issuer for each tenant, by a template such as `https://login.microsoftonline.com/{tenantid}/v2.0`. `None`
    /// unless the placeholder is exactly one whole segment of the path.
    #[must_use]
    pub fn per_tenant(template: &str, tenants: Tenants) -> Option<Self> {
        let (before, after) = template.split_once(TENANT)?;
        let whole_part = before.ends_with('/') && (after.is_empty() || after.starts_with('/'));
        (whole_part && !after.contains(TENANT)).then(|| {
            Self(Rule::PerTenant {
                before: before.to_owned(),
                after: after.to_owned(),
                tenants,
            })
        })
    }

    /// Whether an answer may come from this issuer (RFC 9207 §2.4).
    #[must_use]
    pub fn accepts(&self, issuer: &str) -> bool {
        match &self.0 {
            Rule::Exact(ours) => issuer == ours,
            Rule::PerTenant { tenants, .. } => {
                self.tenant_of(issuer).is_some_and(|one| tenants.has(one))
            }
        }
    }

    /// Whether a token with this `iss` and this `tid` is of an issuer that is accepted.
    pub(super) fn accepts_token(&self, issuer: &str, tenant: Option<&str>) -> bool {
        let same_tenant = match self.tenant_of(issuer) {
            Some(named) => tenant == Some(named),
            None => true,
        };
        same_tenant && self.accepts(issuer)
    }

    /// The tenant that an issuer names.
    fn tenant_of<'a>(&self, issuer: &'a str) -> Option<&'a str> {
        let Rule::PerTenant { before, after, .. } = &self.0 else {
            return None;
        };
        let tenant = issuer.strip_prefix(before)?.strip_suffix(after)?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let named = (1..=MAX_TENANT_BYTES).contains(&tenant.len()) && tenant.bytes().all(plain);
        named.then_some(tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "https://login.example/{tenantid}/v2.0";

    fn only(tenants: &[&str]) -> IssuerRule {
        let tenants = tenants.iter().map(|&one| one.to_owned()).collect();
        IssuerRule::per_tenant(TEMPLATE, Tenants::Only(tenants)).unwrap()
    }

    #[test]
    fn an_exact_issuer_is_compared_character_by_character() {
        let rule = IssuerRule::exact("https://id.example");
        assert!(rule.accepts("https://id.example"));
        assert!(rule.accepts_token("https://id.example", Some("any")));
        for other in [
            "https://id.example/",
            "https://ID.example",
            "http://id.example",
            "",
        ] {
            assert!(!rule.accepts(other), "{other}");
        }
    }

    #[test]
    fn a_tenant_must_be_in_the_list_and_in_both_claims() {
        let rule = only(&["t-1"]);
        assert!(rule.accepts_token("https://login.example/t-1/v2.0", Some("t-1")));
        for (issuer, tenant) in [
            ("https://login.example/t-2/v2.0", Some("t-2")),
            ("https://login.example/t-1/v2.0", Some("t-2")),
            ("https://login.example/t-2/v2.0", Some("t-1")),
            ("https://login.example/t-1/v2.0", None),
            ("https://login.example/t-1/v1.0", Some("t-1")),
            ("https://evil.example/t-1/v2.0", Some("t-1")),
            ("https://login.example/{tenantid}/v2.0", Some("{tenantid}")),
            ("https://login.example/T-1/v2.0", Some("T-1")),
            ("https://login.example/t-1/v2.0", Some("T-1")),
            ("https://login.example/t-1/v2.0/", Some("t-1")),
            ("https://login.example/t-1/v2.0/t-1/v2.0", Some("t-1")),
            ("https://login.example/t-2/../t-1/v2.0", Some("t-2/../t-1")),
            ("https://login.example/t-1%2f/v2.0", Some("t-1%2f")),
            ("https://login.example/t-1 /v2.0", Some("t-1 ")),
        ] {
            assert!(!rule.accepts_token(issuer, tenant), "{issuer} {tenant:?}");
        }
    }

    #[test]
    fn any_tenant_is_still_only_a_tenant() {
        let rule = IssuerRule::per_tenant(TEMPLATE, Tenants::Any).unwrap();
        assert!(rule.accepts("https://login.example/whoever/v2.0"));
        let long = format!("https://login.example/{}/v2.0", "t".repeat(65));
        for other in [
            "https://login.example//v2.0",
            "https://login.example/a/b/v2.0",
            "https://login.example/v2.0",
            &long,
        ] {
            assert!(!rule.accepts(other), "{other}");
        }
    }

    #[test]
    fn a_template_names_the_tenant_once_as_a_part_of_its_path() {
        for bad in [
            "https://login.example/",
            "https://{tenantid}.example",
            "https://login.example/x{tenantid}",
            "https://login.example/{tenantid}x",
            "https://login.example/{tenantid}/{tenantid}",
        ] {
            assert_eq!(IssuerRule::per_tenant(bad, Tenants::Any), None, "{bad}");
        }
    }
}
