//! Who is told over HTTP what happens, for administrators; `webhooks` delivers.

use axum::Json;
use axum::extract::State as Shared;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use super::auth::Administrator;
use super::path::Path;
use super::problem::{ProblemDocument, Refusal, no_content};
use crate::store::webhooks::TOPICS;
use crate::store::{BadWebhook, Format, Webhook};

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookBody {
    /// A name of your choice.
    #[schema(min_length = 1, max_length = 64)]
    id: String,
    /// http:// or https://; the whole address of a robot with its key.
    #[schema(pattern = "^https?://")]
    url: String,
    #[schema(inline)]
    format: Format,
    /// What messages are signed with; none for wecom.
    #[serde(default)]
    secret: String,
    /// Separated by commas; absent: every topic.
    #[serde(default)]
    topics: String,
    /// Only messages of this department; absent: all.
    #[serde(default)]
    department: String,
}

fn refusal(bad: &BadWebhook) -> Refusal {
    Refusal::Unreadable(match bad {
        BadWebhook::Name => "id 应为 1 至 64 个字符,首尾无空格,无控制字符".to_owned(),
        BadWebhook::Address(_) => "url 应以 http:// 或 https:// 开头".to_owned(),
        BadWebhook::Topic(topic) => format!("没有消息类型 {topic};应为 {}", TOPICS.join("、")),
        BadWebhook::Secret => "消息须签名,请给出 secret".to_owned(),
    })
}

/// 推送列表。All webhooks without secrets and robots' keys, with how many messages each is behind.
#[utoipa::path(get, path = "/v1/webhooks", tag = "管理", responses((status = 200, body = serde_json::Value), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument)))]
pub async fn list(Shared(state): Shared<State>, _: Administrator) -> Result<Json<Value>, Refusal> {
    let last = state.store.last_message().await?;
    let hooks = state.store.webhooks().await?;
    let items = hooks.iter().map(|hook| {
        json!({
            "id": hook.id, "url": hook.shown_url(), "format": hook.format, "topics": hook.topics, "department": hook.department,
            "behind": last - hook.last_seq, "failures": hook.failures, "retry_at": hook.retry_at,
        })
    });
    Ok(Json(json!({ "items": items.collect::<Vec<_>>(), "topics": TOPICS })))
}

/// 新增推送,自此刻起的消息。Adds a webhook, for messages from now on.
#[utoipa::path(post, path = "/v1/webhooks", tag = "管理", request_body = WebhookBody,
    responses((status = 201), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 409, body = ProblemDocument), (status = 422, body = ProblemDocument)))]
pub async fn add(
    Shared(state): Shared<State>,
    Administrator(caller): Administrator,
    body: Result<Json<WebhookBody>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    // The rejection would quote what was typed.
    let Json(body) =
        body.map_err(|_| Refusal::Unreadable("应为 {\"id\": …, \"url\": …, \"format\": \"json\" | \"wecom\" | \"dingtalk\"}".to_owned()))?;
    let hook = Webhook::new(&body.id, &body.url, &body.secret, body.format, &body.topics, body.department.trim());
    let hook = hook.map_err(|bad| refusal(&bad))?;
    if state.store.add_webhook(&hook, &caller.name, state.clock.now()).await? {
        Ok(StatusCode::CREATED)
    } else {
        Err(Refusal::Conflict(format!("已有名为「{}」的推送", hook.id)))
    }
}

/// 删除推送。Removes a webhook; what it was not told yet it is never told.
#[utoipa::path(delete, path = "/v1/webhooks/{id}", tag = "管理", params(("id" = String, Path)),
    responses((status = 204), (status = 401, body = ProblemDocument), (status = 403, body = ProblemDocument), (status = 404, body = ProblemDocument)))]
pub async fn remove(
    Shared(state): Shared<State>,
    Administrator(caller): Administrator,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    let removed = state.store.remove_webhook(&id, &caller.name, state.clock.now()).await?;
    no_content(removed)
}
