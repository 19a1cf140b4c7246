//! The handlers.

use axum::{
    Json,
    extract::{
        Path, State,
        rejection::{JsonRejection, PathRejection},
    },
    response::{IntoResponse, Response},
};
use cardea_resource::{Clock as _, Problem, SystemClock};
use http::{StatusCode, header::LOCATION};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    caller::Caller,
    database::{Database, Draft},
};

const MAX_ITEM_CHARS: usize = 200;
const MAX_QUANTITY: u32 = 1000;

/// An order in a response.
#[derive(Debug, Serialize)]
pub(crate) struct Order {
    pub(crate) id: i64,
    pub(crate) item: String,
    pub(crate) quantity: u32,
    /// The `sub` of the user who placed it.
    pub(crate) placed_by: String,
    pub(crate) placed_at: String,
    #[serde(skip)]
    pub(crate) tenant: String,
}

/// An order in a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewOrder {
    item: String,
    quantity: u32,
}

/// `GET /orders`: the newest orders of the tenant.
pub(crate) async fn list(
    State(database): State<Database>,
    caller: Caller,
) -> Result<Json<Value>, Problem> {
    let orders = database.orders(caller.tenant).await?;
    Ok(Json(json!({ "orders": orders })))
}

/// `POST /orders`
pub(crate) async fn create(
    State(database): State<Database>,
    caller: Caller,
    order: Result<Json<NewOrder>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(order) = order.map_err(|error| unreadable(error.status(), error.body_text()))?;
    let draft = Draft {
        tenant: caller.tenant,
        placed_by: caller.token.subject().to_owned(),
        item: item(&order.item)?,
        quantity: quantity(order.quantity)?,
        placed_at: SystemClock.now(),
    };
    let order = database.place(draft).await?;
    let location = [(LOCATION, format!("/orders/{}", order.id))];
    Ok((StatusCode::CREATED, location, Json(order)).into_response())
}

/// `GET /orders/{id}`: the database returns a guarded order, which can be reached only through the rule.
pub(crate) async fn show(
    State(database): State<Database>,
    caller: Caller,
    id: Result<Path<i64>, PathRejection>,
) -> Result<Json<Order>, Response> {
    let Ok(Path(id)) = id else {
        return Err(not_found().into_response());
    };
    let found = database.order(id).await.map_err(Problem::into_response)?;
    // An order that does not exist and another tenant's get the same answer.
    let order = found
        .authorize_found(&caller.token, |order, _| order.tenant == caller.tenant)
        .map_err(IntoResponse::into_response)?;
    Ok(Json(order))
}

/// `DELETE /orders/{id}`
pub(crate) async fn cancel(
    State(database): State<Database>,
    caller: Caller,
    id: Result<Path<i64>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = id.map_err(|_| not_found())?;
    match database.cancel(id, caller.tenant).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(not_found()),
    }
}

/// `GET /admin/metrics`: totals of all tenants.
pub(crate) async fn metrics(State(database): State<Database>) -> Result<Json<Value>, Problem> {
    let (orders, tenants) = database.counts().await?;
    Ok(Json(json!({ "orders": orders, "tenants": tenants })))
}

fn item(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_ITEM_CHARS || text.contains(char::is_control) {
        let detail = format!("item: 1 to {MAX_ITEM_CHARS} characters in one line");
        return Err(unreadable(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    Ok(text.to_owned())
}

fn quantity(number: u32) -> Result<u32, Problem> {
    if (1..=MAX_QUANTITY).contains(&number) {
        return Ok(number);
    }
    let detail = format!("quantity: 1 to {MAX_QUANTITY}");
    Err(unreadable(StatusCode::UNPROCESSABLE_ENTITY, detail))
}

fn unreadable(status: StatusCode, detail: String) -> Problem {
    Problem::new(status, "Not an order").detail(detail)
}

pub(crate) fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "Not found")
}
