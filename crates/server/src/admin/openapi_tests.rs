//! `docs/reference/administration.json` is made from the routes and their types. After a change of them rewrite it with
//! `CARDEA_WRITE=1 cargo test -p cardea-server administration`.

use std::{collections::BTreeSet, path::Path};

use cardea_protocol::model::ClientMetadata;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use utoipa::{
    PartialSchema as _,
    openapi::{InfoBuilder, ServerBuilder},
};

use super::types::Problem;

const DESCRIPTION: &str = "The administration of one Cardea store: JSON over HTTP on the Unix socket beside the database, for processes of \
                           the same user.";

/// The document of what an administrator of an organization reaches.
fn tenant_document() -> Value {
    let (_, mut api) = super::tenant::routes().split_for_parts();
    api.info = InfoBuilder::new()
        .title("Administration of an organization")
        .description(Some(
            "For administrators of one organization: JSON over HTTP, with an access token for the issuer that has the scope \
             tenants:admin and was issued in this organization.",
        ))
        .version("0")
        .build();
    let server = ServerBuilder::new().url("https://id.example.com/api");
    let server = server.description(Some("Below the issuer"));
    api.servers = Some(vec![server.build()]);
    let mut document = serde_json::to_value(api).unwrap();
    document["components"]["schemas"]["Problem"] = json!(Problem::schema());
    with_problems(&mut document);
    document
}

/// The document, with the schema of client metadata that the reference of the configuration has too.
fn document() -> Value {
    let (_, mut api) = super::routes().split_for_parts();
    api.info = InfoBuilder::new()
        .title("Administration of Cardea")
        .description(Some(DESCRIPTION))
        .version("0")
        .build();
    let server = ServerBuilder::new()
        .url("http://localhost")
        .description(Some(
            "Any host name goes: curl --unix-socket cardea.db.sock http://localhost/status",
        ));
    api.servers = Some(vec![server.build()]);
    let mut document = serde_json::to_value(api).unwrap();
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    generator.subschema_for::<ClientMetadata>();
    let mut schemas = generator.take_definitions(true);
    // A client has the members of its state, too.
    let metadata = schemas["ClientMetadata"].as_object_mut().unwrap();
    metadata.remove("additionalProperties");
    schemas.insert("Problem".to_owned(), json!(Problem::schema()));
    let components = document["components"]["schemas"].as_object_mut().unwrap();
    components.append(&mut schemas);
    with_problems(&mut document);
    document
}

fn with_problems(document: &mut Value) {
    for item in document["paths"].as_object_mut().unwrap().values_mut() {
        for operation in item.as_object_mut().unwrap().values_mut() {
            operation["responses"]["4XX"] = problem("The request is refused.");
            operation["responses"]["5XX"] = problem("The store or the process failed.");
        }
    }
}

/// The answer of every operation that fails.
fn problem(description: &str) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    json!({ "description": description, "content": { "application/problem+json": { "schema": schema } } })
}

/// The operations: method, path and operation.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap();
        item.iter()
            .map(|(method, operation)| (method.to_uppercase(), path.clone(), operation))
    });
    operations.collect()
}

/// All values of `$ref`.
fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn d31_the_documents_of_the_administration_are_fresh() {
    is_fresh("administration.json", &document());
    // The test of the organization's routes takes them from this file.
    is_fresh("organizations.json", &tenant_document());
}

fn is_fresh(name: &str, document: &Value) {
    let document = format!("{}\n", serde_json::to_string_pretty(document).unwrap());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference");
    let path = folder.join(name);
    if option_env!("CARDEA_WRITE") == Some("1") {
        std::fs::write(&path, &document).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == document,
        "docs/reference/{name} is stale; CARDEA_WRITE=1 cargo test -p cardea-server administration"
    );
}

#[test]
fn d31_the_document_of_the_administration_is_complete() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let operations = operations(&document);
    assert_eq!(operations.len(), 61);
    let mut ids = BTreeSet::new();
    for (method, path, operation) in &operations {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} is the name of two operations");
        assert!(operation["summary"].is_string(), "{method} {path}");
        let variables = path.matches('{').count();
        let parameters = operation["parameters"].as_array();
        let parameters = parameters.into_iter().flatten();
        let described = parameters.filter(|parameter| parameter["in"] == "path");
        assert_eq!(described.count(), variables, "{method} {path}");
    }
}

#[tokio::test]
async fn d31_every_operation_needs_a_proof() {
    let stage = super::tests::stage().await;
    for (method, path, _) in operations(&document()) {
        let status = stage.stranger(&method, &path).await;
        assert_eq!(status, 403, "{method} {path}");
    }
}
