//! Forms and queries: bounded, in order, with duplicates kept so that the rules can refuse them.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::{FromRequest, FromRequestParts, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE, request::Parts};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{
    form_encoding::{decode, parts},
    problem::Problem,
    readable::{self, Readable},
};

/// The maximum size of a body that an extractor of axum collects, such as `Json`.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// The maximum size of a form, unless [`UnreadForm::read`] is given another one.
pub const MAX_FORM_BYTES: usize = 8 * 1024;
/// The maximum length of a query.
pub const MAX_QUERY_BYTES: usize = 16 * 1024;
/// The maximum number of parameters of a form or a query.
pub const MAX_PARAMETERS: usize = 100;
/// Enough for most requests.
pub(super) const USUAL_PARAMETERS: usize = 8;

/// A body must be received within this time.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a form or a query could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// The body is not a form.
    #[error("the content type must be application/x-www-form-urlencoded")]
    ContentType,
    /// More bytes than allowed.
    #[error("the request is too large")]
    TooLarge,
    /// More parameters than allowed.
    #[error("the request has more than {MAX_PARAMETERS} parameters")]
    TooManyParameters,
    /// A `%` without two hex digits, or bytes that are not UTF-8.
    #[error("the request is not valid form encoding of UTF-8")]
    Encoding,
    /// The body was not received in time.
    #[error("the request body was not sent in time")]
    TooSlow,
    /// The connection failed.
    #[error("the request body could not be read")]
    Broken,
}

impl FormError {
    /// The status of a response that is not an OAuth error.
    #[must_use]
    pub fn status(self) -> StatusCode {
        match self {
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooManyParameters | Self::Encoding | Self::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

impl IntoResponse for FormError {
    fn into_response(self) -> Response {
        Problem::new(self.status(), "The request could not be read")
            .detail(self.to_string())
            .into_response()
    }
}

/// The parameters of a posted form, in order, with duplicates.
#[derive(Clone, PartialEq, Eq)]
pub struct FormPairs(pub Vec<(String, String)>);

/// The parameters of the query, in order, with duplicates.
#[derive(Clone, PartialEq, Eq)]
pub struct QueryPairs(pub Vec<(String, String)>);

impl<S: Sync> FromRequest<S> for FormPairs {
    type Rejection = FormError;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        UnreadForm::of(request).read(MAX_FORM_BYTES).await
    }
}

/// A posted form of which only the head is known, so that limits can be checked before the body is read.
pub struct UnreadForm(Result<Body, FormError>);

impl UnreadForm {
    fn of(request: Request) -> Self {
        Self(match is_form(request.headers()) {
            true => Ok(request.into_body()),
            false => Err(FormError::ContentType),
        })
    }

    /// Reads the form, which has at most `max_bytes`.
    ///
    /// # Errors
    /// When it is not a form, is too large, or does not arrive in time.
    pub async fn read(self, max_bytes: usize) -> Result<FormPairs, FormError> {
        parse(&self.collect(max_bytes).await?).map(FormPairs)
    }

    /// Reads what can be read of the form, which has at most `max_bytes`.
    ///
    /// # Errors
    /// When it is not a form, is too large, or does not arrive in time.
    pub async fn read_leniently(self, max_bytes: usize) -> Result<Readable, FormError> {
        readable::parse(&self.collect(max_bytes).await?)
    }

    async fn collect(self, max_bytes: usize) -> Result<Bytes, FormError> {
        let body = self.0?;
        // A declared length is refused before the body arrives.
        let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if declared > max_bytes {
            return Err(FormError::TooLarge);
        }
        let body = Limited::new(body, max_bytes);
        let bytes = tokio::time::timeout(READ_TIMEOUT, body.collect())
            .await
            .map_err(|_| FormError::TooSlow)?
            .map_err(|error| match error.is::<LengthLimitError>() {
                true => FormError::TooLarge,
                false => FormError::Broken,
            })?
            .to_bytes();
        Ok(bytes)
    }
}

impl<S: Sync> FromRequest<S> for UnreadForm {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(request))
    }
}

impl<S: Sync> FromRequestParts<S> for QueryPairs {
    type Rejection = FormError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        parse(query(parts)?).map(Self)
    }
}

pub(super) fn query(parts: &Parts) -> Result<&[u8], FormError> {
    let query = parts.uri.query().unwrap_or_default();
    match query.len() > MAX_QUERY_BYTES {
        true => Err(FormError::TooLarge),
        false => Ok(query.as_bytes()),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let essence = value.as_bytes().split(|byte| *byte == b';').next();
    essence.is_some_and(|kind| {
        kind.trim_ascii()
            .eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    })
}

pub(super) fn parse(bytes: &[u8]) -> Result<Vec<(String, String)>, FormError> {
    let mut pairs = Vec::with_capacity(USUAL_PARAMETERS);
    for (name, value) in parts(bytes) {
        if pairs.len() == MAX_PARAMETERS {
            return Err(FormError::TooManyParameters);
        }
        pairs.push((decode(name)?, decode(value)?));
    }
    Ok(pairs)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    async fn form(
        content_type: &str,
        body: impl Into<Body>,
    ) -> Result<Vec<(String, String)>, FormError> {
        let request = Request::builder()
            .method("POST")
            .header(CONTENT_TYPE, content_type)
            .body(body.into())
            .unwrap();
        FormPairs::from_request(request, &())
            .await
            .map(|form| form.0)
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[tokio::test]
    async fn duplicates_and_order_are_kept() {
        let pairs = form(FORM, "b=1&a=2&b=3&&c&d=x=y").await.unwrap();
        let expected = [
            pair("b", "1"),
            pair("a", "2"),
            pair("b", "3"),
            pair("c", ""),
            pair("d", "x=y"),
        ];
        assert_eq!(pairs, expected);
    }

    #[tokio::test]
    async fn plus_and_percent_are_decoded_in_names_and_values() {
        let pairs = form(
            "Application/X-WWW-Form-URLencoded; charset=UTF-8",
            "na%6De=a+b%2Bc%C3%A9",
        )
        .await;
        assert_eq!(pairs.unwrap(), [pair("name", "a b+cé")]);
    }

    #[tokio::test]
    async fn broken_encoding_is_refused_not_replaced() {
        for body in ["a=%", "a=%4", "a=%zz", "a=%+1", "a=%ff", "%c3=1"] {
            assert_eq!(form(FORM, body).await, Err(FormError::Encoding), "{body}");
        }
    }

    #[tokio::test]
    async fn other_content_types_are_refused() {
        for kind in ["application/json", "text/plain", "multipart/form-data", ""] {
            assert_eq!(form(kind, "a=1").await, Err(FormError::ContentType));
        }
        let none = Request::builder()
            .method("POST")
            .body(Body::from("a=1"))
            .unwrap();
        assert_eq!(
            FormPairs::from_request(none, &()).await.err(),
            Some(FormError::ContentType)
        );
    }

    #[tokio::test]
    async fn a_form_is_bounded_in_bytes_and_parameters() {
        let largest = format!("a={}", "x".repeat(MAX_FORM_BYTES - 2));
        assert_eq!(form(FORM, largest.clone()).await.unwrap().len(), 1);
        assert_eq!(form(FORM, largest + "x").await, Err(FormError::TooLarge));
        assert_eq!(form(FORM, "a&".repeat(100)).await.unwrap().len(), 100);
        assert_eq!(
            form(FORM, "a&".repeat(101)).await,
            Err(FormError::TooManyParameters)
        );
    }

    #[tokio::test]
    async fn s1_the_caller_chooses_the_bound_and_a_declared_length_is_refused_unread() {
        let read = async |body: Body, most| {
            let request = Request::builder()
                .header(CONTENT_TYPE, FORM)
                .body(body)
                .unwrap();
            let form = UnreadForm::from_request(request, &()).await.unwrap();
            form.read(most).await.map(|form| form.0.len())
        };
        let form = format!("a={}", "x".repeat(30_000));
        assert_eq!(read(form.clone().into(), 32 * 1024).await, Ok(1));
        assert_eq!(read(form.into(), 8 * 1024).await, Err(FormError::TooLarge));
        let pieces = std::iter::repeat_n(Ok::<_, std::fmt::Error>("a=b&"), 5000);
        let unknown = Body::from_stream(futures_util::stream::iter(pieces));
        assert_eq!(read(unknown, 8 * 1024).await, Err(FormError::TooLarge));
        let declared = http_body_util::StreamBody::new(futures_util::stream::pending::<
            Result<hyper::body::Frame<bytes::Bytes>, std::io::Error>,
        >());
        assert_eq!(
            read(Body::new(Declared(declared)), 8 * 1024).await,
            Err(FormError::TooLarge)
        );
    }

    /// Says that it has a megabyte, and never sends it.
    struct Declared<B>(B);

    impl<B: hyper::body::Body + Unpin> hyper::body::Body for Declared<B> {
        type Data = B::Data;
        type Error = B::Error;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<B::Data>, B::Error>>> {
            std::pin::Pin::new(&mut self.0).poll_frame(cx)
        }

        fn size_hint(&self) -> hyper::body::SizeHint {
            hyper::body::SizeHint::with_exact(1 << 20)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_times_out() {
        let body = Body::new(Never);
        assert_eq!(form(FORM, body).await, Err(FormError::TooSlow));
    }

    struct Never;

    impl hyper::body::Body for Never {
        type Data = bytes::Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
            std::task::Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_query_is_read_like_a_form() {
        let long = format!("/?a={}", "x".repeat(MAX_QUERY_BYTES));
        for (uri, expected) in [
            (
                "/?scope=openid+email&x",
                Ok(vec![pair("scope", "openid email"), pair("x", "")]),
            ),
            ("/", Ok(vec![])),
            ("/?a=%GG", Err(FormError::Encoding)),
            (&long, Err(FormError::TooLarge)),
        ] {
            let (mut parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
            let pairs = QueryPairs::from_request_parts(&mut parts, &())
                .await
                .map(|query| query.0);
            assert_eq!(pairs, expected);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }

        #[test]
        fn standard_form_encoding_round_trips(pairs: Vec<(String, String)>) {
            let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            if encoded.len() <= MAX_FORM_BYTES && pairs.len() <= MAX_PARAMETERS {
                proptest::prop_assert_eq!(parse(encoded.as_bytes()), Ok(pairs));
            }
        }
    }
}
