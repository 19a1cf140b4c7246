//! Schemas of types of other crates.

use std::borrow::Cow;

use cardea_jose::Algorithm;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{Object, ObjectBuilder, RefOr, Schema, Type},
};

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words))
        .build()
}

/// The state of a client or of a user.
pub(super) fn status() -> Object {
    words(["enabled", "disabled"])
}

/// Who owns a client.
pub(super) fn owner() -> Object {
    words(["file", "store"])
}

/// The state of a signing key.
pub(super) fn key_state() -> Object {
    words(["next", "active", "retired", "hidden"])
}

/// A signature algorithm.
pub(super) fn algorithm() -> Object {
    words(Algorithm::ALL.iter().map(|algorithm| algorithm.as_str()))
}

/// Who caused an entry of the audit.
pub(super) fn actor() -> Object {
    let kinds = ["stranger", "person", "client", "operator", "system"];
    ObjectBuilder::new()
        .property("kind", words(kinds))
        .property("id", Object::with_type(Type::String))
        .required("kind")
        .build()
}

/// Stands for the schema of client metadata, which the document takes from the reference of the configuration.
pub(crate) struct ClientMetadata;

impl PartialSchema for ClientMetadata {
    fn schema() -> RefOr<Schema> {
        Object::new().into()
    }
}

impl ToSchema for ClientMetadata {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ClientMetadata")
    }
}
