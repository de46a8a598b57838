//! Messages to other systems and to group robots over HTTP: in order, at least once, each by one node at a time.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::Sha256;

use super::problem::Refusal;
use super::stream::shown;
use super::{NODE, State};
use crate::people::{Caller, Role};
use crate::store::{Format, Sent, Webhook};

/// Messages that are read at once.
const PAGE: i64 = 100;
/// Both robots take twenty messages a minute and then fall silent.
const BETWEEN_CHATS: SignedDuration = SignedDuration::from_secs(4);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);
/// One delivery from connecting to the answer; well below the time that a node holds a webhook.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Both robots refuse texts from 4096 bytes on.
const MOST_BYTES: usize = 3000;

static AGENT: LazyLock<ureq::Agent> = LazyLock::new(|| {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        // A redirect would carry the signature elsewhere.
        .max_redirects(0)
        .timeout_global(Some(TIMEOUT))
        .user_agent(concat!("bingli/", env!("CARGO_PKG_VERSION")))
        .build();
    config.into()
});

/// One request to a receiver.
#[derive(Debug, Clone, PartialEq)]
struct Parcel {
    url: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

fn hmac(key: &str, parts: &[&str]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length");
    parts.iter().for_each(|part| mac.update(part.as_bytes()));
    mac.finalize().into_bytes().to_vec()
}

/// The receiver checks HMAC-SHA256 of `timestamp.body` with its secret.
fn signed_json(hook: &Webhook, message: &Sent, now: Timestamp) -> Parcel {
    let body = shown(message).to_string();
    let timestamp = now.as_second().to_string();
    let signature: String = hmac(&hook.secret, &[&timestamp, ".", &body]).iter().map(|byte| format!("{byte:02x}")).collect();
    let headers = vec![
        ("x-bingli-id", message.seq.to_string()),
        ("x-bingli-topic", message.topic.clone()),
        ("x-bingli-timestamp", timestamp),
        ("x-bingli-signature", format!("sha256={signature}")),
    ];
    Parcel { url: hook.url.clone(), headers, body }
}

/// A robot's message; 钉钉 signs the address.
fn chat(hook: &Webhook, text: &str, now: Timestamp) -> Parcel {
    let (url, body) = match hook.format {
        Format::Dingtalk => {
            let url = match hook.secret.as_str() {
                "" => hook.url.clone(),
                secret => {
                    let timestamp = now.as_millisecond().to_string();
                    let sign = base64::engine::general_purpose::STANDARD.encode(hmac(secret, &[&timestamp, "\n", secret]));
                    let joint = if hook.url.contains('?') { '&' } else { '?' };
                    format!("{}{joint}timestamp={timestamp}&sign={}", hook.url, utf8_percent_encode(&sign, NON_ALPHANUMERIC))
                }
            };
            (url, json!({ "msgtype": "markdown", "markdown": { "title": "病历质控", "text": text.replace('\n', "\n\n") } }))
        }
        Format::Wecom | Format::Json => (hook.url.clone(), json!({ "msgtype": "markdown", "markdown": { "content": text } })),
    };
    Parcel { url, headers: Vec::new(), body: body.to_string() }
}

/// What happened to one visit, in numbers; documents by name.
#[derive(Debug, Default)]
struct Tally {
    new: usize,
    severe: usize,
    gone: usize,
    notices: usize,
    followed: usize,
    escalated: usize,
    /// Document → due, of reminders.
    due: BTreeMap<String, String>,
}

impl Tally {
    fn remind(&mut self, body: &Value) {
        let word = |key: &str| body[key].as_str().unwrap_or("").to_owned();
        self.due.insert(word("task"), word("due").chars().take(16).collect::<String>().replace('T', " "));
    }

    fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.new > 0 {
            let severe = if self.severe > 0 { format!("(严重 {})", self.severe) } else { String::new() };
            words.push(format!("新缺陷 {} 项{severe}", self.new));
        }
        let counts = [
            (self.gone, "已改 {} 项"),
            (self.notices, "质控通知 {} 条"),
            (self.followed, "台账变化 {} 条"),
            (self.escalated, "逾期或未阅 {} 条"),
        ];
        words.extend(counts.iter().filter(|(count, _)| *count > 0).map(|(count, text)| text.replace("{}", &count.to_string())));
        words.extend(self.due.iter().map(|(document, due)| format!("{document} 应于 {due} 前完成")));
        words
    }
}

/// Counts, names of documents, departments and ids of visits: never a word of a record, nor the title of a finding. Empty: nothing to tell.
fn digest(messages: &[&Sent]) -> String {
    let mut visits: BTreeMap<(&str, String), Tally> = BTreeMap::new();
    for message in messages {
        let body: Value = serde_json::from_str(&message.body).unwrap_or(Value::Null);
        if message.topic == "digest" {
            for item in body["items"].as_array().into_iter().flatten() {
                let visit = item["visit_id"].as_str().unwrap_or("").to_owned();
                visits.entry((&message.department, visit)).or_default().remind(item);
            }
            continue;
        }
        let tally = visits.entry((&message.department, message.visit_id.clone())).or_default();
        match message.topic.as_str() {
            "finding.new" => {
                tally.new += 1;
                tally.severe += usize::from(body["severity"] == "S1");
            }
            "finding.gone" => tally.gone += 1,
            "reminder" => tally.remind(&body),
            "ledger" if body["action"] == "notify" => tally.notices += 1,
            "ledger" => tally.followed += 1,
            "escalation" => tally.escalated += 1,
            _ => {}
        }
    }
    let mut text = String::new();
    let mut left = 0;
    for ((department, visit), tally) in &visits {
        let words = tally.words();
        if words.is_empty() {
            continue;
        }
        let line = format!("\n{department} {visit}:{}", words.join(";"));
        if text.len() + line.len() > MOST_BYTES {
            left += 1;
        } else {
            text.push_str(&line);
        }
    }
    if text.is_empty() && left == 0 {
        return String::new();
    }
    let more = if left > 0 { format!("\n另有 {left} 份病历") } else { String::new() };
    format!("**病历质控**{text}{more}")
}

/// Sends one parcel; what went wrong, without the address, which may hold a key.
fn send(parcel: &Parcel, is_robot: bool) -> Result<(), String> {
    let mut request = AGENT.post(&parcel.url).header("content-type", "application/json; charset=utf-8");
    for (name, value) in &parcel.headers {
        request = request.header(*name, value);
    }
    let mut response = request.send(&parcel.body).map_err(|error| match error {
        ureq::Error::BadUri(_) => "the address is none".to_owned(),
        error => error.to_string(),
    })?;
    if !response.status().is_success() {
        return Err(format!("status {}", response.status().as_u16()));
    }
    if is_robot {
        // Robots answer 200 whatever happened.
        let answer: Value = response.body_mut().read_json().map_err(|_| "the answer is no JSON".to_owned())?;
        if answer["errcode"].as_i64() != Some(0) {
            return Err(format!("errcode {}", answer["errcode"]));
        }
    }
    Ok(())
}

/// 1 s, 2 s, 4 s … 1 h.
fn wait(failures: i64) -> SignedDuration {
    let seconds = 1_i64 << failures.clamp(1, 13).saturating_sub(1);
    SignedDuration::from_secs(seconds).min(LONGEST_WAIT)
}

/// Delivers what one webhook has not had yet, until it is up to date or something fails.
async fn catch_up(state: &State, mut hook: Webhook) -> Result<(), Refusal> {
    let clock = &state.clock;
    let store = &state.store;
    if !store.hold_webhook(&hook, &NODE, clock.now()).await? {
        return Ok(());
    }
    let reader = Caller { name: hook.id.clone(), role: Role::System, department: hook.department.clone(), person: String::new() };
    let is_robot = hook.format != Format::Json;
    loop {
        // Read before the page: numbers become visible in their order, so nothing up to it can come later.
        let head = store.last_message().await?;
        let page = store.messages(hook.last_seq, &reader, PAGE).await?;
        let is_last = (page.len() as i64) < PAGE;
        let end = if is_last { page.last().map_or(head, |message| message.seq.max(head)) } else { page[page.len() - 1].seq };
        let wanted: Vec<&Sent> = page.iter().filter(|message| hook.takes(&message.topic)).collect();
        let parcels: Vec<(i64, Parcel)> = if is_robot {
            let text = digest(&wanted);
            if text.is_empty() { Vec::new() } else { vec![(end, chat(&hook, &text, clock.now()))] }
        } else {
            wanted.iter().map(|message| (message.seq, signed_json(&hook, message, clock.now()))).collect()
        };
        let has_spoken = is_robot && !parcels.is_empty();
        for (seq, parcel) in parcels {
            let sent = tokio::task::spawn_blocking(move || send(&parcel, is_robot)).await;
            if let Err(problem) = sent.unwrap_or_else(|error| Err(error.to_string())) {
                hook.failures += 1;
                tracing::warn!(webhook = hook.id, failures = hook.failures, problem, "a message could not be delivered; it is tried again");
                let retry_at = clock.now().saturating_add(wait(hook.failures)).unwrap_or(Timestamp::MAX);
                store.release_webhook(&hook, Some(retry_at), &NODE).await?;
                return Ok(());
            }
            if !store.webhook_delivered(&mut hook, seq, &NODE, clock.now()).await? {
                return Ok(());
            }
        }
        if end > hook.last_seq && !store.webhook_delivered(&mut hook, end, &NODE, clock.now()).await? {
            return Ok(());
        }
        if has_spoken || is_last {
            let next = has_spoken.then(|| clock.now().saturating_add(BETWEEN_CHATS).unwrap_or(Timestamp::MAX));
            store.release_webhook(&hook, next, &NODE).await?;
            return Ok(());
        }
    }
}

/// One round: every webhook that is behind, beside each other.
pub async fn round(state: &State) -> Result<(), Refusal> {
    let mut deliveries = tokio::task::JoinSet::new();
    for hook in state.store.webhooks_behind(state.clock.now()).await? {
        let state = state.clone();
        deliveries.spawn(async move {
            if let Err(refusal) = catch_up(&state, hook).await {
                tracing::error!(?refusal, "a webhook could not be served");
            }
        });
    }
    while deliveries.join_next().await.is_some() {}
    Ok(())
}

/// Beside the clock's rounds, so that a receiver that hangs delays no reminder.
pub async fn watch(state: State, tick: Duration) {
    loop {
        if let Err(refusal) = round(&state).await {
            tracing::error!(?refusal, "webhooks could not be read; the next round tries again");
        }
        tokio::time::sleep(tick).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(format: Format) -> Webhook {
        Webhook {
            id: "h".to_owned(),
            url: "https://robot.example/send?access_token=k".to_owned(),
            secret: "SECabc".to_owned(),
            format,
            topics: String::new(),
            department: String::new(),
            last_seq: 0,
            failures: 0,
            retry_at: String::new(),
        }
    }

    fn message(topic: &str, visit: &str, body: Value) -> Sent {
        Sent {
            seq: 7,
            at: "2026-03-12T04:00:00.000Z".to_owned(),
            topic: topic.to_owned(),
            visit_id: visit.to_owned(),
            department: "呼吸内科".to_owned(),
            recipient: String::new(),
            person: String::new(),
            body: body.to_string(),
        }
    }

    #[test]
    fn a_robot_is_told_numbers_and_documents_and_no_title() {
        let all = [
            message("finding.new", "V1", json!({ "severity": "S1", "title": "性别与器官、疾病矛盾" })),
            message("finding.new", "V1", json!({ "severity": "S3", "title": "主诉缺持续时间" })),
            message("visit.judged", "V1", json!({ "total": 92.0 })),
            message("reminder", "V2", json!({ "task": "首次病程记录", "due": "2026-03-12T17:00:00" })),
            message("ledger", "V2", json!({ "action": "notify", "title": "张某某的记录有误" })),
        ];
        let text = digest(&all.iter().collect::<Vec<_>>());
        assert_eq!(
            text,
            "**病历质控**\n呼吸内科 V1:新缺陷 2 项(严重 1)\n呼吸内科 V2:质控通知 1 条;首次病程记录 应于 2026-03-12 17:00 前完成"
        );
        assert_eq!(digest(&[&message("visit.judged", "V1", json!({}))]), "", "a judgement alone is no news");
    }

    #[test]
    fn a_long_digest_stays_below_the_robots_limit() {
        let many: Vec<Sent> = (0..400).map(|number| message("finding.new", &format!("V{number}"), json!({ "severity": "S2" }))).collect();
        let text = digest(&many.iter().collect::<Vec<_>>());
        assert!(text.len() < 4096 && text.contains("份病历"), "{}", text.len());
    }

    /// Values computed apart from this program, by `openssl dgst -sha256 -hmac`.
    #[test]
    fn signatures_are_those_of_the_standard() {
        let now = Timestamp::from_second(1_700_000_000).expect("a moment");
        let dingtalk = chat(&hook(Format::Dingtalk), "x", now);
        assert_eq!(
            dingtalk.url,
            "https://robot.example/send?access_token=k&timestamp=1700000000000&sign=jcUpW0QmtKduN03n4JqQ0PBosVjqnM8gU7fIIvsDmCM%3D"
        );
        let hex: String = hmac("SECabc", &["1700000000", ".", "{}"]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "0f6b326995a3c46f6a036636524dec7b4ba42c0b17987ed7538dbc7dd6ff5fbf");
    }

    #[test]
    fn waits_double_up_to_an_hour() {
        let seconds: Vec<i64> = [1, 2, 3, 12, 13, 500].into_iter().map(|failures| wait(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 2048, 3600, 3600]);
    }
}
