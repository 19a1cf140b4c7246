//! The store in PostgreSQL: `serve` and the commands beside it, and what a wrong address says.

use cardea_testkit::{Database, Postgres};

use crate::bench::Bench;

fn database() -> Database {
    Postgres::of_this_process().copy_of("template0")
}

fn on(url: &str) -> Bench {
    Bench::new(&format!("\n[store]\nurl = \"{url}\"\n"))
}

#[test]
fn two_nodes_serve_one_database_and_commands_work_beside_them() {
    let database = database();
    let (one, other) = (on(&database.url()), on(&database.url()));
    // The same issuer: they are nodes of one provider.
    let issuer = format!("http://localhost:{}", one.port);
    let text = format!(
        "issuer = \"{issuer}\"\nlisten = \"127.0.0.1:{}\"\n\n[store]\nurl = \"{}\"\n\n[keys]\nmaster_key_file = \"master.key\"\n",
        other.port,
        database.url()
    );
    other.write("cardea.toml", &text);
    let (first, second) = (one.serve_node(), other.serve_node());
    assert!(!one.path().join("cardea.db").exists());
    let added = one.run(&["user", "add", "alice", "--invite", "--json"]);
    assert!(added.fine().out.contains(&issuer));
    let listed = other.run(&["user", "list", "--json"]).fine().json();
    assert_eq!(listed["items"][0]["username"], "alice", "{listed}");
    one.run(&["check"]).fine();
    let migrated = one.run(&["migrate"]).fine().out;
    assert!(migrated.contains("is up to date"), "{migrated}");
    first.terminate().fine();
    second.terminate().fine();
}

#[test]
fn a_command_with_an_old_file_changes_nothing_that_the_nodes_serve() {
    const ORDERS: &str = "\n[[clients]]\nclient_id = \"orders\"\ntoken_endpoint_auth_method = \"none\"\nredirect_uris = [\"https://orders.example/cb\"]\n\n[[roles]]\nname = \"clerk\"\n";
    let database = database();
    let (node, old) = (on(&database.url()), on(&database.url()));
    let current = std::fs::read_to_string(node.path().join("cardea.toml")).unwrap();
    old.write("cardea.toml", &current);
    node.write("cardea.toml", &format!("{current}{ORDERS}"));
    let serving = node.serve_node();
    old.run(&["user", "add", "alice", "--invite"]).fine();
    let clients = old.run(&["client", "list", "--json"]).fine().out;
    assert!(clients.contains("orders"), "{clients}");
    let roles = old.run(&["role", "list", "--json"]).fine().out;
    assert!(roles.contains("clerk"), "{roles}");
    serving.terminate().fine();
}

#[test]
fn a_password_in_the_url_of_a_file_that_others_can_read_is_warned_of() {
    use std::os::unix::fs::PermissionsExt as _;
    let database = database();
    let check = |url: &str| {
        let bench = on(url);
        let file = bench.path().join("cardea.toml");
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
        bench.run(&["check"]).fine().out
    };
    assert!(!check(&database.url()).contains("chmod o="));
    let with_password = database.url().replace("cardea@", "cardea:s3cret@");
    let said = check(&with_password);
    assert!(said.contains("chmod o= "), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
}

#[test]
fn migrate_makes_a_database_and_says_so_once() {
    let database = database();
    let bench = on(&database.url());
    let found = bench.run(&["check"]).fine().out;
    assert!(found.contains("is empty; the first start"), "{found}");
    let made = bench.run(&["migrate", "--json"]).fine().json();
    assert_eq!(
        (&made["new"], &made["applied"]),
        (&true.into(), &serde_json::json!(["V1__store", "V2__nodes"]))
    );
    let again = bench.run(&["migrate", "--json"]).fine().json();
    assert_eq!(
        (&again["new"], &again["applied"]),
        (&false.into(), &serde_json::json!([]))
    );
}

#[test]
fn of_nodes_that_migrate_at_once_one_does_and_the_others_wait() {
    let database = database();
    let bench = on(&database.url());
    let applied = std::thread::scope(|scope| {
        let runs = [(); 6].map(|()| scope.spawn(|| bench.run(&["migrate", "--json"])));
        let answers = runs.map(|run| run.join().unwrap().fine().json());
        answers.map(|answer| answer["applied"].as_array().unwrap().len())
    });
    assert_eq!(applied.iter().filter(|n| **n > 0).count(), 1, "{applied:?}");
}

#[test]
fn a_newer_schema_is_refused_and_changed_by_nothing() {
    let database = database();
    let bench = on(&database.url());
    bench.run(&["migrate"]).fine();
    database.sql(
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
         VALUES (999, 'later', '2030-01-01T00:00:00Z', '0')",
    );
    for command in [&["migrate"][..], &["serve"], &["user", "list"]] {
        let refused = bench.run(command).complaint();
        assert!(refused.contains("has schema 999"), "{refused}");
        assert!(refused.contains("a newer one"), "{refused}");
    }
}

#[test]
fn a_password_is_checked_and_kept_in_a_file() {
    let database = database();
    database.sql("CREATE ROLE passwords; CREATE ROLE walled LOGIN PASSWORD 's3cret' IN ROLE passwords; GRANT ALL ON SCHEMA public TO walled");
    let url = database.url().replace("cardea@", "walled@");
    let bench = Bench::new(&format!(
        "\n[store]\nurl = \"{url}\"\npassword_file = \"store.password\"\n"
    ));
    bench.write("store.password", "wr0ng\n");
    for command in [&["serve"][..], &["migrate"], &["check"], &["user", "list"]] {
        let refused = bench.run(command);
        let said = format!("{}{}", refused.out, refused.err);
        assert!(
            !refused.ok && said.contains("the user name or the password is wrong"),
            "{said}"
        );
        assert!(!said.contains("wr0ng"), "{said}");
    }
    bench.write("store.password", "s3cret\n");
    bench.run(&["migrate"]).fine();
    bench.run(&["user", "list"]).fine();
}

#[test]
fn a_user_without_rights_and_a_server_that_only_reads_are_explained() {
    let database = database();
    database.sql("CREATE ROLE rightless LOGIN; CREATE ROLE reader LOGIN; ALTER ROLE reader SET default_transaction_read_only = on; CREATE ROLE crowded LOGIN CONNECTION LIMIT 0");
    for (user, expected) in [
        ("rightless", "CREATE on its schema public"),
        ("reader", "this server is a standby"),
        ("crowded", "too many connections"),
    ] {
        let bench = on(&database.url().replace("cardea@", &format!("{user}@")));
        for command in ["serve", "migrate"] {
            let refused = bench.run(&[command]).complaint();
            assert!(refused.contains(expected), "{user}: {refused}");
        }
    }
}

#[test]
fn a_wrong_address_says_what_is_wrong_and_never_the_password() {
    let database = database();
    let url = database.url();
    let (socket, _) = url.rsplit_once('/').unwrap();
    let socket = socket.replace("cardea@", "cardea:s3cret@");
    for (url, expected) in [
        (format!("{socket}/missing"), "createdb"),
        (
            "postgres://cardea:s3cret@127.0.0.1:1/cardea".to_owned(),
            "127.0.0.1:1",
        ),
        (
            "postgres://cardea:s3cret@db.example/cardea?sslmode=prefer".to_owned(),
            "verify-full",
        ),
        (
            "postgres://cardea:s3cret@db.example".to_owned(),
            "no database",
        ),
        (
            "mysql://cardea:s3cret@db.example/cardea".to_owned(),
            "postgres://user@host/database",
        ),
        (
            "postgres://cardea:s3cret@db.example/cardea?sslrootcert=missing.pem".to_owned(),
            "missing.pem",
        ),
    ] {
        let bench = on(&url);
        for command in ["serve", "migrate"] {
            let refused = bench.run(&[command]).complaint();
            assert!(refused.contains(expected), "{url}: {refused}");
            assert!(!refused.contains("s3cret"), "{refused}");
        }
    }
}

#[test]
fn a_file_with_a_password_is_for_postgres_and_for_one_place() {
    let bench = on("postgres://cardea:s3cret@127.0.0.1:1/cardea\"\npassword_file = \"password");
    bench.write("password", "another\n");
    let refused = bench.run(&["serve"]).complaint();
    assert!(
        refused.contains("store.password_file (cardea.toml:9)"),
        "{refused}"
    );
    assert!(refused.contains("keep one of them"), "{refused}");
    bench.configure("\n[store]\npassword_file = \"password\"\n");
    let refused = bench.run(&["serve"]).complaint();
    assert!(
        refused.contains("only PostgreSQL has a password"),
        "{refused}"
    );
}
