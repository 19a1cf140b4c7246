//! The metrics page.

use cardea_web::prometheus;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};

use crate::body::ResponseBody;

pub(crate) fn page() -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::own(prometheus::page()));
    let kind = HeaderValue::from_static(prometheus::CONTENT_TYPE);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
