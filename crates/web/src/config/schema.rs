//! The JSON schema of the settings, traversed in parallel to the settings.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

/// The schema of a settings struct.
pub(super) struct Schema(Value);

impl Schema {
    pub(super) fn of<T: JsonSchema>() -> Self {
        Self(
            SchemaGenerator::default()
                .into_root_schema_for::<T>()
                .to_value(),
        )
    }

    pub(super) fn root(&self) -> Place<'_> {
        Place::resolve(&self.0, &self.0)
    }
}

/// A place in the settings, seen through the schema.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    root: &'a Value,
    node: &'a Value,
}

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Number,
    Boolean,
    List,
    Table,
    Any,
}

impl<'a> Place<'a> {
    /// Follows references and the "or null" of optional keys.
    fn resolve(root: &'a Value, mut node: &'a Value) -> Self {
        for _ in 0..16 {
            let next = reference(root, node).or_else(|| only_alternative(node));
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        Self { root, node }
    }

    fn at(&self, node: &'a Value) -> Self {
        Self::resolve(self.root, node)
    }

    pub(super) fn properties(&self) -> Option<&'a Map<String, Value>> {
        self.node.get("properties")?.as_object()
    }

    /// The place of a key: a field of the struct, or any key of a map.
    pub(super) fn key(&self, name: &str) -> Option<Self> {
        let field = self.properties().and_then(|fields| fields.get(name));
        let any = || {
            self.node
                .get("additionalProperties")
                .filter(|any| any.is_object())
        };
        field.or_else(any).map(|node| self.at(node))
    }

    /// The place of the elements of a list.
    pub(super) fn element(&self) -> Option<Self> {
        self.node.get("items").map(|node| self.at(node))
    }

    /// Whether unknown keys are errors.
    pub(super) fn is_closed(&self) -> bool {
        self.node.get("additionalProperties") == Some(&Value::Bool(false))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.properties()
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str)
    }

    pub(super) fn required(&self, name: &str) -> bool {
        let required = self.node.get("required").and_then(Value::as_array);
        required.is_some_and(|names| names.iter().any(|one| one == name))
    }

    pub(super) fn kind(&self) -> Kind {
        let choice = self.choices().next().is_some();
        match self.type_name() {
            Some("integer") => Kind::Integer,
            Some("number") => Kind::Number,
            Some("boolean") => Kind::Boolean,
            Some("array") => Kind::List,
            Some("object") => Kind::Table,
            Some("string") => Kind::Text,
            _ if choice => Kind::Text,
            _ => Kind::Any,
        }
    }

    fn type_name(&self) -> Option<&'a str> {
        match self.node.get("type")? {
            Value::String(name) => Some(name),
            Value::Array(names) => names
                .iter()
                .filter_map(Value::as_str)
                .find(|name| *name != "null"),
            _ => None,
        }
    }

    /// The values of an enumeration.
    pub(super) fn choices(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let words = self.node.get("enum").and_then(Value::as_array);
        let consts = self.node.get("oneOf").and_then(Value::as_array);
        let words = words.into_iter().flatten();
        let consts = consts
            .into_iter()
            .flatten()
            .flat_map(|one| match one.get("const") {
                Some(word) => std::slice::from_ref(word),
                None => one
                    .get("enum")
                    .and_then(Value::as_array)
                    .map_or(&[][..], Vec::as_slice),
            });
        words.chain(consts).filter_map(Value::as_str)
    }

    pub(super) fn text(&self, member: &str) -> Option<&'a str> {
        self.node.get(member)?.as_str()
    }

    /// The valid name that was most likely intended.
    pub(super) fn nearest(&self, name: &str) -> Option<&'a str> {
        let allowed = (name.len() / 3).max(2);
        let distance = |known: &str| strsim::damerau_levenshtein(known, &name.to_ascii_lowercase());
        self.names()
            .map(|known| (distance(known), known))
            .filter(|(distance, _)| *distance <= allowed)
            .min()
            .map(|(_, known)| known)
    }
}

fn reference<'a>(root: &'a Value, node: &Value) -> Option<&'a Value> {
    let pointer = node.get("$ref")?.as_str()?.strip_prefix('#')?;
    root.pointer(pointer)
}

fn only_alternative(node: &Value) -> Option<&Value> {
    let alternatives = node.get("anyOf")?.as_array()?;
    let null = |one: &&Value| one.get("type").and_then(Value::as_str) != Some("null");
    let mut others = alternatives.iter().filter(null);
    match (others.next(), others.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}
