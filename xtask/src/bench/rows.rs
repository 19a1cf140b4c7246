//! The target of each figure.

/// One line of the table.
pub(super) struct Row {
    pub(super) work: &'static str,
    /// The series with the target.
    pub(super) figure: &'static str,
    pub(super) unit: &'static str,
    pub(super) target: Target,
}

/// The kind of target.
pub(super) enum Target {
    /// At least this multiple of another series of the same round.
    Ratio(&'static str, f64),
    /// At most this multiple of another series of the same round.
    Within(&'static str, f64),
    /// At least this, in its own unit.
    AtLeast(f64),
    /// At most this, in its own unit.
    AtMost(f64),
}

use Target::{AtLeast, AtMost, Ratio, Within};

const fn row(work: &'static str, figure: &'static str, unit: &'static str, target: Target) -> Row {
    Row {
        work,
        figure,
        unit,
        target,
    }
}

/// All rows.
#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    row("client_credentials, ES256 JWT", "cardea es256", "/s", Ratio("openssl ecdsap256 sign", 0.50)),
    row("… its p99", "cardea es256 p99 ms", "ms", AtMost(3.0)),
    row("… beside oidc-provider", "cardea es256", "/s", Ratio("oidc-provider es256", 8.0)),
    row("client_credentials, RS256 JWT", "cardea rs256", "/s", Ratio("openssl rsa2048 sign", 0.87)),
    row("… beside oidc-provider", "cardea rs256", "/s", Ratio("oidc-provider rs256", 1.9)),
    row("client_credentials, EdDSA JWT", "cardea eddsa", "/s", Ratio("ceiling eddsa", 0.85)),
    row("refresh rotation, durable, ES256, 32 connections", "cardea refresh 32", "/s", Ratio("openssl ecdsap256 sign", 0.28)),
    row("… its p99", "cardea refresh 32 p99 ms", "ms", AtMost(10.0)),
    row("refresh rotation, durable, ES256, 128 connections", "cardea refresh 128", "/s", Ratio("openssl ecdsap256 sign", 0.33)),
    row("refresh rotation after many rotations", "cardea refresh after", "/s", Ratio("cardea refresh before", 0.95)),
    row("store before many rotations, beside after them", "cardea store bytes before", "bytes", Ratio("cardea store bytes after", 0.999)),
    row("code redemption, durable, RS256 ID token and ES256 access token", "cardea code", "/s", Ratio("openssl rsa2048 sign", 0.70)),
    row("introspection of an ES256 JWT, with the row", "cardea introspect jwt", "/s", Ratio("openssl ecdsap256 verify", 0.68)),
    row("introspection of an opaque token, with the row", "cardea introspect opaque", "/s", Ratio("ceiling introspect opaque", 0.70)),
    row("discovery", "cardea discovery", "/s", Ratio("ceiling document", 0.70)),
    row("JWKS", "cardea jwks", "/s", Ratio("ceiling document", 0.70)),
    row("password login, end to end, 8 closed loops", "cardea login", "/s", Ratio("argon2id", 0.85)),
    row("… p99 of 300 client_credentials a second beside them", "cardea token beside p99 ms", "ms", AtMost(25.0)),
    row("login with password and TOTP, end to end, 8 closed loops", "cardea totp", "/s", Ratio("argon2id", 0.75)),
    row("both cores shared with the load: ES256", "cardea both es256", "/s", Ratio("ceiling both es256", 0.85)),
    row("both cores shared with the load: refresh, 128 connections", "cardea both refresh 128", "/s", Ratio("ceiling both refresh 128", 0.85)),
    row("start to ready with an existing store", "cardea start ms", "ms", AtMost(150.0)),
    row("memory, idle", "cardea idle MB", "MB", AtMost(30.0)),
    row("memory under client_credentials", "cardea es256 peak MB", "MB", AtMost(40.0)),
    row("memory under refresh, with many grants", "cardea refresh many grants peak MB", "MB", AtMost(96.0)),
    row("memory 10 s after 10,000 incomplete bodies", "cardea after burst MB", "MB", AtMost(64.0)),
    row("right logins answered during a flood of wrong ones", "cardea right logins %", "%", AtLeast(95.0)),
    row("health checks beside 4,096 idle connections, p99", "cardea health p99 ms", "ms", AtMost(50.0)),
    row("written to the disk by a login and its redemption, one at a time", "cardea login bytes", "bytes", AtMost(65_536.0)),
    row("JWT verification in the resource layer, ES256", "layer es256", "/s", Ratio("key es256", 0.90)),
    row("… beside jsonwebtoken", "layer es256", "/s", Ratio("jsonwebtoken es256", 1.0)),
    row("JWT verification in the resource layer, RS256", "layer rs256", "/s", Ratio("key rs256", 0.80)),
    row("… beside jsonwebtoken", "layer rs256", "/s", Ratio("jsonwebtoken rs256", 1.0)),
    row("introspection in the resource layer, answer cached", "layer cached", "/s", AtLeast(100_000.0)),
    row("latency added by the BFF proxy, median of one connection", "bff adds ms", "ms", AtMost(0.3)),
    row("gateway, TLS, 1 KiB", "cardea gateway", "/s", Ratio("nginx gateway", 0.70)),
    row("… its p99", "cardea gateway p99 ms", "ms", Within("nginx gateway p99 ms", 2.0)),
    row("import of 100,000 users with hashes of other systems", "cardea import s", "s", AtMost(60.0)),
    row("a user among 1,000,000, by name, p99", "cardea show user p99 ms", "ms", AtMost(20.0)),
    row("the first 100 of 1,000,000 users, p99", "cardea list users p99 ms", "ms", AtMost(20.0)),
    row("searches among 1,000,000 users, 100 found, p99", "cardea search users p99 ms", "ms", AtMost(20.0)),
    row("rows in the store after 100,000 sign-ups by strangers", "cardea strangers rows", "rows", AtMost(1000.0)),
    row("… bytes that the store has grown by", "cardea strangers bytes", "bytes", AtMost(16_777_216.0)),
    row("… its log while they sign up", "cardea strangers log bytes", "bytes", AtMost(83_886_080.0)),
    row("`cardea dev` to the 200 of its curl line, first start", "dev first s", "s", AtMost(5.0)),
    row("… second start", "dev second s", "s", AtMost(1.0)),
    row("stripped binary", "cardea binary MB", "MB", AtMost(40.0)),
];

/// Beside the table, for orientation.
pub(super) const BESIDE: &[(&str, &str)] = &[
    (
        "openssl ed25519 sign",
        "Ed25519 signatures (`openssl speed`)",
    ),
    ("ceiling es256", "bare server, ES256"),
    ("ceiling rs256", "bare server, RS256"),
    (
        "ceiling refresh 32",
        "bare server, durable update and ES256, 32 connections",
    ),
    (
        "ceiling refresh 128",
        "bare server, durable update and ES256, 128 connections",
    ),
    (
        "cardea login with tokens",
        "logins with 300 client_credentials a second beside them",
    ),
    ("cardea passkey", "logins by passkey, 8 closed loops"),
    ("cardea passkey p99 ms", "… their p99, in ms"),
    (
        "cardea sign-up",
        "sign-ups by strangers, on both cores, 8 closed loops",
    ),
    (
        "cardea sign-up p99 ms",
        "… p99 of the answer to the form, in ms",
    ),
    (
        "cardea strangers peak MB",
        "… memory of the server meanwhile, in MB",
    ),
    (
        "cardea refresh many grants",
        "refresh rotation spread over a store with many grants, 128 connections",
    ),
    (
        "cardea burst MB",
        "memory while 10,000 bodies are open, in MB",
    ),
    ("verify es256", "only `Api::verify`, ES256"),
    ("verify rs256", "only `Api::verify`, RS256"),
    ("router es256", "a whole protected router, ES256"),
    ("router rs256", "a whole protected router, RS256"),
    (
        "upstream",
        "the upstream of the gateway row, without TLS, on one core with its load",
    ),
];
