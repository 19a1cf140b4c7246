use super::*;

fn config() -> ClientConfig {
    ClientConfig::cardea("https://id.example", "app", "https://app.example/callback")
}

fn entra(tenant: &str, allowed: &[&str]) -> ClientConfig {
    ClientConfig {
        allowed_tenants: allowed.iter().map(|&one| one.to_owned()).collect(),
        ..ClientConfig::entra(tenant, "app", "https://app.example/callback")
    }
}

#[track_caller]
fn wrong(config: &ClientConfig) -> &'static str {
    Settings::read(config).err().unwrap().key
}

#[test]
fn the_least_configuration_is_a_public_openid_client() {
    let settings = Settings::read(&config()).unwrap();
    assert_eq!(settings.scope.to_string(), "openid profile email");
    assert_eq!(settings.rule, IssuerRule::exact("https://id.example"));
    assert_eq!(settings.algorithms, Algorithm::ALL);
    assert!(settings.userinfo && settings.authorization_parameters.is_empty());
}

#[test]
fn a_file_can_hold_it_and_a_wrong_key_is_named() {
    let toml = r#"
        issuer = "https://id.example"
        client_id = "app"
        redirect_uri = "https://app.example/callback"
        scopes = ["openid", "offline_access"]
        algorithms = ["ES256"]
        authorization_parameters = { audience = "orders" }
        [authentication]
        method = "client_secret_post"
        client_secret = "a secret of the tests"
    "#;
    let none = || std::iter::empty();
    let config: ClientConfig = cardea_web::config::parse("app.toml", toml, none()).unwrap();
    let settings = Settings::read(&config).unwrap();
    assert_eq!(settings.scope.to_string(), "openid offline_access");
    assert_eq!(settings.algorithms, [Algorithm::ES256]);
    assert_eq!(settings.authorization_parameters["audience"], "orders");
    let typo = toml.replace("client_id", "client_di");
    let refused = cardea_web::config::parse::<ClientConfig>("app.toml", &typo, none());
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("client_id"), "{refused}");
}

#[test]
fn the_environment_can_hold_the_secret() {
    let toml = "issuer = \"https://id.example\"\n[authentication]\n";
    let variable = (
        "CARDEA__AUTHENTICATION__CLIENT_SECRET".to_owned(),
        "from outside".to_owned(),
    );
    let config: ClientConfig =
        cardea_web::config::parse("app.toml", toml, std::iter::once(variable)).unwrap();
    let secret = config.authentication.client_secret.unwrap();
    assert_eq!(secret.expose(), "from outside");
}

#[test]
fn what_nobody_could_log_in_with_is_refused_at_start() {
    let with = |change: fn(&mut ClientConfig)| {
        let mut config = config();
        change(&mut config);
        config
    };
    for (config, key) in [
        (with(|c| c.client_id.clear()), "client_id"),
        (with(|c| c.issuer.clear()), "issuer"),
        (with(|c| c.redirect_uri.clear()), "redirect_uri"),
        (with(|c| c.redirect_uri.push_str("#x")), "redirect_uri"),
        (
            with(|c| c.redirect_uri = "javascript:1".to_owned()),
            "redirect_uri",
        ),
        (with(|c| c.scopes = vec!["profile".to_owned()]), "scopes"),
        (with(|c| c.scopes = vec!["open\"id".to_owned()]), "scopes"),
        (
            with(|c| c.allowed_tenants = vec!["t".to_owned()]),
            "allowed_tenants",
        ),
        (with(|c| c.ca_file = Some("/none".to_owned())), "ca_file"),
    ] {
        assert_eq!(wrong(&config), key);
    }
}

#[test]
fn no_parameter_of_the_configuration_replaces_a_defence() {
    for own in OWN_PARAMETERS {
        let mut config = config();
        config
            .authorization_parameters
            .insert(own.to_owned(), "x".to_owned());
        assert_eq!(wrong(&config), "authorization_parameters", "{own}");
    }
}

#[test]
fn everybodys_tenants_are_let_in_only_by_name() {
    for tenant in ["common", "organizations"] {
        assert_eq!(wrong(&entra(tenant, &[])), "allowed_tenants");
        assert_eq!(
            wrong(&entra(tenant, &["contoso.onmicrosoft.com"])),
            "allowed_tenants"
        );
        let settings = Settings::read(&entra(tenant, &["t-1"])).unwrap();
        assert_eq!(
            settings.documented,
            "https://login.microsoftonline.com/{tenantid}/v2.0"
        );
        assert!(
            settings
                .rule
                .accepts("https://login.microsoftonline.com/t-1/v2.0")
        );
        assert!(
            !settings
                .rule
                .accepts("https://login.microsoftonline.com/t-2/v2.0")
        );
    }
    let any = Settings::read(&entra("common", &["*"])).unwrap();
    assert!(
        any.rule
            .accepts("https://login.microsoftonline.com/t-2/v2.0")
    );
}

#[test]
fn one_tenant_of_entra_is_an_exact_issuer() {
    let settings = Settings::read(&entra("t-1", &[])).unwrap();
    let issuer = "https://login.microsoftonline.com/t-1/v2.0";
    assert_eq!(settings.rule, IssuerRule::exact(issuer));
    assert_eq!(settings.documented, issuer);
    assert!(!settings.userinfo);
}

#[test]
fn google_and_github_need_no_issuer() {
    for (provider, issuer) in [
        (Provider::Google, "https://accounts.google.com"),
        (Provider::Github, "https://github.com"),
    ] {
        let config = ClientConfig {
            provider,
            issuer: String::new(),
            ..config()
        };
        let settings = Settings::read(&config).unwrap();
        assert_eq!(settings.outbound.issuer, issuer);
    }
    let google = ClientConfig::google("app", "https://app.example/callback");
    let google = Settings::read(&google).unwrap();
    assert_eq!(google.authorization_parameters["access_type"], "offline");
}
