use cardea_protocol::{
    claims::GROUPS,
    language::Lang,
    scope::{OFFLINE_ACCESS, OPENID, ORGANIZATION, PERMISSIONS, ROLES, TENANTS_ADMIN},
};

use crate::i18n::{self, Key};

/// A scope in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScopeLine {
    /// The scope itself, as the client asked for it.
    pub(crate) name: String,
    pub(crate) title: String,
    /// What it means, or why to look twice; empty where nothing is known of it.
    pub(crate) detail: String,
    /// Whether a user should look twice.
    pub(crate) sensitive: bool,
}

/// The scopes of one API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiLines {
    pub(crate) name: String,
    pub(crate) scopes: Vec<ScopeLine>,
}

/// What a client asks for, in the order in which the consent page shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// `openid`, `profile`, `email` and `roles` in one line.
    pub(crate) identity: Option<ScopeLine>,
    pub(crate) apis: Vec<ApiLines>,
    pub(crate) sensitive: Vec<ScopeLine>,
}

/// A scope that a client asks for, and the API that owns it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AskedScope<'a> {
    pub(crate) name: &'a str,
    pub(crate) api: Option<&'a str>,
    /// The texts of the configuration.
    pub(crate) title: Option<&'a str>,
    pub(crate) description: Option<&'a str>,
}

/// Groups what a client asks for.
pub(crate) fn asked<'a>(lang: Lang, scopes: impl Iterator<Item = AskedScope<'a>>) -> Asked {
    let mut asked = Asked::default();
    let mut identity = Vec::new();
    for scope in scopes {
        if identity_part(scope.name).is_some() {
            identity.push(scope.name);
            continue;
        }
        let known = words(lang, scope.name, scope.api);
        let line = ScopeLine {
            title: scope.title.map_or(known.title, str::to_owned),
            detail: scope.description.map_or(known.detail, str::to_owned),
            ..known
        };
        if line.sensitive {
            asked.sensitive.push(line);
            continue;
        }
        // The heading of its group says where it applies.
        let line = ScopeLine {
            detail: scope.description.unwrap_or_default().to_owned(),
            ..line
        };
        let name = scope
            .api
            .unwrap_or_else(|| i18n::t(lang, Key("consent-other-permissions")));
        match asked.apis.iter_mut().find(|api| api.name == name) {
            Some(api) => api.scopes.push(line),
            None => asked.apis.push(ApiLines {
                name: name.to_owned(),
                scopes: vec![line],
            }),
        }
    }
    asked.identity = identity_line(lang, &identity);
    asked
}

/// What a client learns by a scope that says who the user is; none for all other scopes.
fn identity_part(scope: &str) -> Option<Key> {
    match scope {
        OPENID => Some(Key("consent-identity-openid")),
        "profile" => Some(Key("consent-identity-profile")),
        "email" => Some(Key("consent-identity-email")),
        ROLES => Some(Key("consent-identity-roles")),
        GROUPS => Some(Key("consent-identity-groups")),
        PERMISSIONS => Some(Key("consent-identity-permissions")),
        ORGANIZATION => Some(Key("consent-identity-organization")),
        _ => None,
    }
}

/// One line for all that says who the user is: the identifier is only worth a word where it is all.
fn identity_line(lang: Lang, scopes: &[&str]) -> Option<ScopeLine> {
    if scopes.is_empty() {
        return None;
    }
    let all: Vec<Key> = scopes.iter().filter_map(|s| identity_part(s)).collect();
    let telling: Vec<Key> = scopes
        .iter()
        .filter(|scope| **scope != OPENID)
        .filter_map(|scope| identity_part(scope))
        .collect();
    let parts = if telling.is_empty() { all } else { telling };
    let parts: Vec<&str> = parts.into_iter().map(|key| i18n::t(lang, key)).collect();
    Some(ScopeLine {
        name: scopes.join(" "),
        title: i18n::t(lang, Key("consent-identity")).to_owned(),
        detail: capitalized(&i18n::all_of(lang, &parts)),
        sensitive: false,
    })
}

/// As the beginning of a sentence.
fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).collect()
}

/// What a scope means to the user who is asked. A scope of an API is shown as it is written, with the API's name: only those
/// who run it know what it does, and a guess could promise too little.
pub(crate) fn words(lang: Lang, scope: &str, api: Option<&str>) -> ScopeLine {
    let (title, detail, sensitive) = match scope {
        OPENID => (Key("consent-openid"), Key("consent-openid-detail"), false),
        "profile" => (Key("consent-profile"), Key("consent-profile-detail"), false),
        "email" => (Key("consent-email"), Key("consent-verified-detail"), false),
        "address" => (Key("consent-address"), Key("consent-address-detail"), true),
        "phone" => (Key("consent-phone"), Key("consent-verified-detail"), true),
        GROUPS => (Key("consent-groups"), Key("consent-groups-detail"), false),
        ROLES => (Key("consent-roles"), Key("consent-roles-detail"), false),
        PERMISSIONS => (
            Key("consent-permissions"),
            Key("consent-permissions-detail"),
            false,
        ),
        ORGANIZATION => (
            Key("consent-organization"),
            Key("consent-organization-detail"),
            false,
        ),
        TENANTS_ADMIN => (
            Key("consent-tenants-admin"),
            Key("consent-tenants-admin-detail"),
            true,
        ),
        OFFLINE_ACCESS => (Key("consent-offline"), Key("consent-offline-detail"), true),
        _ => return api_words(lang, scope, api),
    };
    ScopeLine {
        name: scope.to_owned(),
        title: i18n::t(lang, title).to_owned(),
        detail: i18n::t(lang, detail).to_owned(),
        sensitive,
    }
}

fn api_words(lang: Lang, scope: &str, api: Option<&str>) -> ScopeLine {
    let detail = match api {
        Some(api) => {
            let detail = i18n::t_with(lang, Key("consent-api-detail"));
            detail.text("api", api).plain()
        }
        None => i18n::t(lang, Key("consent-act-detail")).to_owned(),
    };
    ScopeLine {
        name: scope.to_owned(),
        title: scope.to_owned(),
        detail,
        sensitive: false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use cardea_protocol::{language::Lang, scope::STANDARD};

    use super::{AskedScope, asked, words};

    fn scopes<'a>(names: &[&'a str]) -> impl Iterator<Item = AskedScope<'a>> {
        names.iter().map(|name| AskedScope {
            name,
            api: name.contains(':').then_some("api://orders"),
            title: None,
            description: None,
        })
    }

    #[test]
    fn c3_the_texts_of_the_configuration_are_shown() {
        let scope = AskedScope {
            title: Some("Read your orders"),
            description: Some("What you bought, and when"),
            ..scopes(&["orders:read"]).next().unwrap()
        };
        let line = asked(Lang::En, [scope].into_iter())
            .apis
            .remove(0)
            .scopes
            .remove(0);
        assert_eq!(line.title, "Read your orders");
        assert_eq!(line.detail, "What you bought, and when");
    }

    #[test]
    fn every_standard_scope_has_words() {
        for scope in STANDARD {
            let line = words(Lang::En, scope, None);
            assert_eq!(line.name, scope);
            assert_ne!(line.title, scope, "{scope} is said in words");
            assert!(!line.detail.is_empty());
        }
    }

    #[test]
    fn a_scope_of_an_api_is_shown_as_it_is_with_its_api() {
        let line = words(Lang::En, "orders:read", Some("api://orders"));
        assert_eq!(line.title, "orders:read");
        assert!(line.detail.contains("api://orders"));
        assert_eq!(words(Lang::En, "x", None).title, "x");
    }

    #[test]
    fn who_the_user_is_stands_in_one_line_and_what_is_sensitive_last() {
        let asked = asked(
            Lang::En,
            scopes(&[
                "openid",
                "offline_access",
                "profile",
                "orders:read",
                "email",
                "orders:write",
            ]),
        );
        let identity = asked.identity.unwrap();
        assert_eq!(identity.name, "openid profile email");
        assert_eq!(
            identity.detail,
            "Your name and profile and your email address"
        );
        assert_eq!(asked.apis.len(), 1);
        assert_eq!(asked.apis[0].name, "api://orders");
        assert_eq!(asked.apis[0].scopes.len(), 2);
        assert_eq!(asked.sensitive.len(), 1);
        assert_eq!(asked.sensitive[0].name, "offline_access");
    }

    #[test]
    fn openid_by_itself_is_said_too() {
        let asked = asked(Lang::En, scopes(&["openid"]));
        assert_eq!(
            asked.identity.unwrap().detail,
            "An identifier that stays the same"
        );
        assert!(
            super::asked(Lang::En, scopes(&["orders:read"]))
                .identity
                .is_none()
        );
    }

    #[test]
    fn no_scope_that_is_asked_for_is_left_out() {
        let names = [
            "openid",
            "profile",
            "email",
            "address",
            "phone",
            "roles",
            "groups",
            "offline_access",
            "orders:read",
            "unknown",
        ];
        let asked = asked(Lang::En, scopes(&names));
        let mut shown: Vec<String> = asked
            .identity
            .iter()
            .flat_map(|line| line.name.split(' ').map(str::to_owned))
            .chain(
                asked
                    .apis
                    .iter()
                    .flat_map(|a| a.scopes.iter().map(|s| s.name.clone())),
            )
            .chain(asked.sensitive.iter().map(|s| s.name.clone()))
            .collect();
        shown.sort();
        let mut expected = names.map(str::to_owned).to_vec();
        expected.sort();
        assert_eq!(shown, expected);
    }
}
