//! [`Refusal`]: why a request was not served, as an RFC 9457 problem document. One kind a variant; no patient text in any.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::store::StoreError;

/// Everything that can be answered besides what was asked for.
#[derive(Debug)]
pub enum Refusal {
    /// The body or a parameter is no visit or cannot be understood: what, and where.
    Unreadable(String),
    /// No token or session, or one that is not in force; a name and password that do not go together.
    Unauthorised,
    /// A change by a session without the words that only its own pages know.
    Forged,
    /// Too many wrong passwords; seconds to wait.
    Guessing(u64),
    /// The caller's role may not do this.
    Forbidden,
    /// The caller may do this in general, but not to this: who wrote does not verify, who gave notice does not judge.
    Denied(String),
    /// There is no such thing, or not for this caller.
    NotFound,
    /// The address is there, but not for this method.
    NoSuchMethod,
    /// What is there already does not go with the request: another id, an entry that exists.
    Conflict(String),
    TooLarge,
    /// Too much is waiting already; try again in a second.
    Busy,
    /// The database does not answer.
    Unavailable(StoreError),
    /// A defect of the program.
    Broken(String),
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemDocument {
    /// Names the kind of problem; stays the same in every version.
    pub r#type: String,
    pub title: String,
    pub status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Refusal {
    pub fn status(&self) -> StatusCode {
        match self {
            Refusal::Unreadable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Refusal::Unauthorised => StatusCode::UNAUTHORIZED,
            Refusal::Forbidden | Refusal::Forged => StatusCode::FORBIDDEN,
            Refusal::Denied(_) => StatusCode::PRECONDITION_FAILED,
            Refusal::NotFound => StatusCode::NOT_FOUND,
            Refusal::NoSuchMethod => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::Conflict(_) => StatusCode::CONFLICT,
            Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Busy | Refusal::Guessing(_) => StatusCode::TOO_MANY_REQUESTS,
            Refusal::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn words(&self) -> (&'static str, &'static str) {
        match self {
            Refusal::Unreadable(_) => ("unreadable", "请求内容无法读取"),
            Refusal::Unauthorised => ("unauthorised", "未登录、令牌无效或用户名与密码不符"),
            Refusal::Forged => ("forged", "缺少本次登录的 x-csrf-token"),
            Refusal::Guessing(_) => ("guessing", "登录失败次数过多,请稍后再试"),
            Refusal::Forbidden => ("forbidden", "无权进行此操作"),
            Refusal::Denied(_) => ("denied", "不能进行此操作"),
            Refusal::NotFound => ("not-found", "没有找到"),
            Refusal::NoSuchMethod => ("no-such-method", "该地址不支持此方法"),
            Refusal::Conflict(_) => ("conflict", "与已有内容冲突"),
            Refusal::TooLarge => ("too-large", "请求内容过大"),
            Refusal::Busy => ("busy", "排队已满,请稍后重试"),
            Refusal::Unavailable(_) => ("unavailable", "数据库暂不可用"),
            Refusal::Broken(_) => ("broken", "程序内部错误"),
        }
    }
}

/// The answer of a change without a body: done, or there is no such thing.
pub fn no_content(is_done: bool) -> Result<StatusCode, Refusal> {
    if is_done { Ok(StatusCode::NO_CONTENT) } else { Err(Refusal::NotFound) }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Nul => Refusal::Unreadable("文字中含有 U+0000".to_owned()),
            error => Refusal::Unavailable(error),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (kind, title) = self.words();
        let status = self.status();
        let detail = match &self {
            Refusal::Unreadable(what) => Some(what.clone()),
            Refusal::Conflict(what) => Some(what.clone()),
            Refusal::Denied(why) => Some(why.clone()),
            Refusal::Unavailable(error) => {
                tracing::error!(%error, "the database failed");
                None
            }
            Refusal::Broken(what) => {
                tracing::error!(what, "a request broke");
                None
            }
            _ => None,
        };
        let document =
            ProblemDocument { r#type: format!("urn:bingli:problem:{kind}"), title: title.to_owned(), status: status.as_u16(), detail };
        let mut response = (status, Json(document)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self {
            Refusal::Busy => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Refusal::Guessing(seconds) => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            Refusal::Unauthorised => {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_kind_of_its_own_and_says_that_it_failed() {
        let all = [
            Refusal::Unreadable(String::new()),
            Refusal::Unauthorised,
            Refusal::Forged,
            Refusal::Guessing(1),
            Refusal::Forbidden,
            Refusal::Denied(String::new()),
            Refusal::NotFound,
            Refusal::NoSuchMethod,
            Refusal::Conflict(String::new()),
            Refusal::TooLarge,
            Refusal::Busy,
            Refusal::Unavailable(StoreError::Database(sqlx::Error::PoolClosed)),
            Refusal::Broken(String::new()),
        ];
        let kinds: std::collections::HashSet<&str> = all.iter().map(|refusal| refusal.words().0).collect();
        assert_eq!(kinds.len(), all.len());
        assert!(all.iter().all(|refusal| refusal.status().is_client_error() || refusal.status().is_server_error()));
    }
}
