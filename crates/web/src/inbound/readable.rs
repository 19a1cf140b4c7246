//! Requests of which not all can be decoded.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::{
    body::{FormError, MAX_PARAMETERS, USUAL_PARAMETERS, query},
    form_encoding::{decode, parts},
};

/// The maximum number of parameters that are read to find out to whom an error is returned.
const MAX_READABLE_PARAMETERS: usize = 1000;

/// A form or a query as far as it can be read, for endpoints that return an error to a client that only the request names.
/// A request with a flaw is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Readable {
    /// The parameters that can be decoded, in order, with duplicates.
    pub pairs: Vec<(String, String)>,
    /// The names of those whose value can't be decoded.
    pub undecodable: Vec<String>,
    /// Why the request is refused.
    pub flaw: Option<FormError>,
}

/// A query as far as it can be read.
pub struct ReadableQuery(pub Readable);

impl<S: Sync> FromRequestParts<S> for ReadableQuery {
    type Rejection = FormError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parse(query(parts)?).map(Self)
    }
}

/// What can be decoded. A parameter whose name can't be decoded is left out: it is none that an endpoint knows.
pub(super) fn parse(bytes: &[u8]) -> Result<Readable, FormError> {
    let mut readable = Readable {
        pairs: Vec::with_capacity(USUAL_PARAMETERS),
        undecodable: Vec::new(),
        flaw: None,
    };
    for (i, (name, value)) in parts(bytes).enumerate() {
        if i == MAX_READABLE_PARAMETERS {
            return Err(FormError::TooManyParameters);
        }
        if i == MAX_PARAMETERS {
            readable.flaw.get_or_insert(FormError::TooManyParameters);
        }
        match (decode(name), decode(value)) {
            (Ok(name), Ok(value)) => readable.pairs.push((name, value)),
            (name, _) => {
                readable.flaw.get_or_insert(FormError::Encoding);
                readable.undecodable.extend(name);
            }
        }
    }
    Ok(readable)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use axum::{
        body::Body,
        extract::{FromRequest as _, Request},
    };
    use http::header::CONTENT_TYPE;

    use super::{
        super::{UnreadForm, body},
        *,
    };

    const FORM: &str = "application/x-www-form-urlencoded";

    #[tokio::test]
    async fn b4_what_can_be_decoded_beside_a_broken_parameter_is_read() {
        for (query, kept, undecodable, flaw) in [
            ("a=1&b=2", 2, vec![], None),
            ("a=1&foo=%ff&b=2", 2, vec!["foo"], Some(FormError::Encoding)),
            ("foo=%zz&a=1&b=2", 2, vec!["foo"], Some(FormError::Encoding)),
            ("a=1&b=2&foo=%", 2, vec!["foo"], Some(FormError::Encoding)),
            ("a=1&b=2&%ff=1", 2, vec![], Some(FormError::Encoding)),
            ("a=1&a=%c3", 1, vec!["a"], Some(FormError::Encoding)),
            (
                &format!("{}z=1", "p=1&".repeat(100)),
                101,
                vec![],
                Some(FormError::TooManyParameters),
            ),
        ] {
            let uri = format!("/?{query}");
            let (mut parts, ()) = Request::builder().uri(&uri).body(()).unwrap().into_parts();
            let read = ReadableQuery::from_request_parts(&mut parts, &()).await;
            let by_get = read.map(|query| query.0).unwrap();
            let request = Request::builder()
                .header(CONTENT_TYPE, FORM)
                .body(Body::from(query.to_owned()))
                .unwrap();
            let form = UnreadForm::from_request(request, &()).await.unwrap();
            assert_eq!(form.read_leniently(8 * 1024).await.as_ref(), Ok(&by_get));
            assert_eq!(by_get.pairs.len(), kept, "{query}");
            assert_eq!(by_get.undecodable, undecodable, "{query}");
            assert_eq!(by_get.flaw, flaw, "{query}");
        }
        let endless = "p&".repeat(1001);
        assert_eq!(parse(endless.as_bytes()), Err(FormError::TooManyParameters));
    }

    proptest::proptest! {
        #[test]
        fn the_strict_and_the_lenient_reader_agree(bytes in "([a-c=&+]|%[0-9a-f]{0,2}|[^a]){0,12}") {
            let lenient = parse(bytes.as_bytes()).unwrap();
            match (body::parse(bytes.as_bytes()), lenient.flaw) {
                (Ok(pairs), None) => proptest::prop_assert_eq!(pairs, lenient.pairs),
                (Err(strict), Some(flaw)) => proptest::prop_assert_eq!(strict, flaw),
                other => proptest::prop_assert!(false, "{:?}", other),
            }
        }
    }
}
