//! `bingli model`: quantise an encoder, fit the heads of `judge` rules, and show what they reach.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use super::drill::clean_visits;
use super::serve::runtime;
use super::{House, suspect};
use crate::language::folder::{ModelFolder, Readiness};
use crate::language::heads::file::Why;
use crate::language::heads::fit::{Settings, fit_all};
use crate::language::heads::{Head, Heads, Lesson};
use crate::language::packed::{Packed, digest};
use crate::language::tokens::Tokens;
use crate::language::weights::Weights;
use crate::language::{Config, Embedder, Language, int8, lessons, reference};
use crate::report::finding::id_of;
use crate::report::text::pad;
use crate::rules::Rulebook;
use crate::rules::judge::Candidate;
use crate::rules::rulebook::Compiled;
use crate::store::Store;
use crate::store::decisions::Decided;

#[derive(Debug, Args)]
pub struct ModelArgs {
    #[command(subcommand)]
    command: ModelCommand,
}

#[derive(Debug, Subcommand)]
enum ModelCommand {
    /// 量化:由 safetensors + config.json + tokenizer.json 生成 8 位模型 · pack an encoder into 8 bits
    Quantise {
        /// Folder of the encoder.
        dir: PathBuf,
        /// Folder to write.
        out: PathBuf,
        /// What reports call it; default: the folder's name.
        #[arg(long)]
        name: Option<String>,
        #[arg(long, default_value = "1")]
        version: String,
    },
    /// 用规则自带的例子学习,并交叉验证 · fit a head for every judge rule and write judge.json
    Fit {
        /// Folder whose judge.json is written; default: the folder of --model, else `models`.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        #[command(flatten)]
        clean: CleanArgs,
        /// Learn from what people said of the model's findings in this database, too (sqlite:FILE or postgres://…). The folder then gets the whole
        /// model; `promote` takes it into use.
        #[arg(long, value_name = "URL", hide_env_values = true, requires = "out")]
        verdicts: Option<String>,
    },
    /// 启用更好的判断,其余不变;--back 恢复 · use those heads of a fitted folder that are better than the ones in the folder of --model
    Promote {
        /// Folder that `fit --verdicts` wrote.
        #[arg(required_unless_present = "back")]
        candidate: Option<PathBuf>,
        /// Take the last promotion back.
        #[arg(long, conflicts_with = "candidate")]
        back: bool,
    },
    /// 用本院病历统计字组,减少错别字误报 · add the counts of a hospital's own notes (visits or plain text) to suspect.bin
    Count {
        #[arg(required = true)]
        notes: Vec<PathBuf>,
        /// Folder whose suspect.bin is written; default: the folder of --model.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// 重新生成 suspect.bin · make suspect.bin from the texts that models/training/suspect lays out
    Suspect {
        texts: PathBuf,
        /// Folder whose suspect.bin is written; its confusions.tsv says what may be mixed up.
        #[arg(long, value_name = "DIR", default_value = "models")]
        out: PathBuf,
    },
    /// 模型卡上的数字 · the figures of the heads in use
    Info {
        #[arg(long)]
        json: bool,
    },
    /// 重新交叉验证,与正在使用的比较 · measure again, without writing
    Eval {
        #[command(flatten)]
        clean: CleanArgs,
    },
}

#[derive(Debug, Args)]
struct CleanArgs {
    /// Visits without any defect (files, folders; those whose gold file lists defects are left out): what a rule asks of them is a pass, and
    /// shows how often passages look like one.
    #[arg(long, value_name = "VISITS")]
    clean: Vec<PathBuf>,
}

/// A packed encoder whose vectors are further than this from the original's is not written.
const LEAST_COSINE: f64 = 0.99;

pub fn run(house: &House, args: &ModelArgs) -> Result<ExitCode> {
    match &args.command {
        ModelCommand::Quantise { dir, out, name, version } => quantise(dir, out, name.as_deref(), version),
        ModelCommand::Fit { out, clean, verdicts } => {
            let folder = house.model_folder()?.context("--no-model leaves nothing to fit on")?;
            let out = out.clone().or_else(|| house.source.model.clone()).unwrap_or_else(|| PathBuf::from("models"));
            let heads = fit(house, &folder, clean, verdicts.as_deref())?;
            print(&heads.heads, &house.rulebook);
            if verdicts.is_some() {
                folder.write_beside_heads(&out).with_context(|| format!("cannot write {}", out.display()))?;
            }
            fs::write(out.join(HEADS), heads.to_json()?).with_context(|| format!("cannot write {}", out.join(HEADS).display()))?;
            Ok(ExitCode::SUCCESS)
        }
        ModelCommand::Promote { candidate, .. } => {
            let root = house.source.model.as_deref().context("--model names the folder that is in use")?;
            match candidate {
                Some(candidate) => promote(house, root, candidate),
                None => take_back(root),
            }
        }
        ModelCommand::Count { notes, out } => suspect::count(house, notes, out.as_deref()),
        ModelCommand::Suspect { texts, out } => suspect::fit(texts, out),
        ModelCommand::Info { json } => info(house, *json),
        ModelCommand::Eval { clean } => {
            let folder = house.model_folder()?.context("--no-model leaves nothing to measure")?;
            let now = fit(house, &folder, clean, None)?;
            print(&now.heads, &house.rulebook);
            let same = heads_in(&folder)?.is_some_and(|known| known == now);
            anstream::println!("{}", if same { "与 judge.json 完全一致" } else { "与 judge.json 不同:运行 bingli model fit 更新" });
            Ok(ExitCode::from(u8::from(!same)))
        }
    }
}

fn fit(house: &House, folder: &ModelFolder, clean: &CleanArgs, verdicts: Option<&str>) -> Result<Heads> {
    let mut lessons = lessons::lessons(&house.rulebook);
    if lessons.is_empty() {
        bail!("the rulebook has no judge rule with cases");
    }
    let (visits, _) = clean_visits(house, &clean.clean)?;
    lessons::add_clean(&mut lessons, &house.rulebook, &visits, house.now());
    let mut centre = None;
    if let Some(database) = verdicts {
        let (judged, learnt) = runtime()?.block_on(learn_verdicts(house, &mut lessons, database))?;
        anstream::println!("处理意见 {judged} 条涉及语言模型的判断,其中 {learnt} 条的原文仍在,已学习");
        centre = heads_in(folder)?.map(|heads| heads.centre);
    }
    Ok(fit_all(&lessons, &folder.embedder()?, &folder.encoder_digest(), centre, Settings::default())?)
}

/// The heads of a folder.
fn heads_in(folder: &ModelFolder) -> Result<Option<Heads>> {
    Ok(folder.heads.as_ref().map(|json| Heads::parse(json)).transpose()?)
}

/// Adds the verdicts of a database to the lessons: how many there are of `judge` rules, and how many found their passage.
async fn learn_verdicts(house: &House, lessons: &mut [Lesson], database: &str) -> Result<(usize, usize)> {
    let store = Store::look(database).await?;
    let is_judged = |decided: &Decided| house.rulebook.rule(&decided.rule).is_some_and(|compiled| compiled.rule.check.kind() == "judge");
    let decided: Vec<Decided> = store.decided().await?.into_iter().filter(is_judged).collect();
    let opener = house.rulebook.knowledge.opener(&house.zone);
    let mut learnt = 0;
    for of_visit in decided.chunk_by(|a, b| a.visit_id == b.visit_id) {
        let name = &of_visit[0].visit_id;
        let Some((text, _)) = store.visit(name).await? else { continue };
        let visit = match opener.visit(name, text.as_bytes()) {
            Ok((visit, _)) => visit,
            Err(error) => {
                anstream::eprintln!("{name}: {error}");
                continue;
            }
        };
        let said = |compiled: &Compiled, candidate: &Candidate| {
            let id = id_of(&visit, compiled, candidate);
            of_visit.iter().find(|decided| decided.finding_id == id).map(|decided| decided.accepted)
        };
        learnt += lessons::add_verdicts(lessons, &house.rulebook, &visit, house.now(), said);
    }
    store.close().await;
    Ok((decided.len(), learnt))
}

const HEADS: &str = "judge.json";
/// What was in use before the last promotion.
const HEADS_BEFORE: &str = "judge.before.json";

fn promote(house: &House, root: &Path, candidate: &Path) -> Result<ExitCode> {
    let read = |root: &Path| -> Result<Heads> {
        let folder = ModelFolder::open(root).with_context(|| format!("cannot read the model in {}", root.display()))?;
        heads_in(&folder)?.with_context(|| format!("{} has no {HEADS}", root.display()))
    };
    let (heads, promotions) = read(root)?.promoted(&read(candidate)?)?;
    for promotion in &promotions {
        let title = house.rulebook.rule(&promotion.rule).map_or("", |compiled| compiled.rule.title.as_str());
        let why = match promotion.why {
            None => "不变".to_owned(),
            Some(Why::New) => "启用:新判断".to_owned(),
            Some(Why::Cases) => "启用:规则的例子已改".to_owned(),
            Some(Why::Better) => "启用:例子上更准".to_owned(),
            Some(Why::Verdicts(verdicts)) => {
                format!("启用:处理意见 {} 条,判对 {} 条(原来 {} 条)", verdicts.judged, verdicts.right, verdicts.accepted)
            }
        };
        anstream::println!("{} {} {why}", pad(&promotion.rule, 34), pad(title, 30));
    }
    let promoted = promotions.iter().filter(|promotion| promotion.why.is_some()).count();
    if promoted > 0 {
        let write = |file: &str, text: Vec<u8>| fs::write(root.join(file), text).with_context(|| format!("cannot write {file}"));
        write(HEADS_BEFORE, fs::read(root.join(HEADS))?)?;
        write(HEADS, heads.to_json()?.into_bytes())?;
    }
    anstream::println!("启用 {promoted} 条;重启服务后生效,bingli model promote --back 可恢复");
    Ok(ExitCode::SUCCESS)
}

fn take_back(root: &Path) -> Result<ExitCode> {
    let before = root.join(HEADS_BEFORE);
    fs::rename(&before, root.join(HEADS)).with_context(|| format!("there is no promotion to take back: {}", before.display()))?;
    anstream::println!("已恢复上一次启用之前的判断");
    Ok(ExitCode::SUCCESS)
}

fn quantise(dir: &Path, out: &Path, name: Option<&str>, version: &str) -> Result<ExitCode> {
    let read = |file: &str| fs::read(dir.join(file)).with_context(|| format!("cannot read {}", dir.join(file).display()));
    let folder_name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let config =
        Config { name: name.map_or(folder_name, str::to_owned), version: version.to_owned(), ..Config::parse(&read("config.json")?)? };
    let tokenizer = read("tokenizer.json")?;
    let weights = Weights::read(config.clone(), &read("model.safetensors")?)?;
    let packed = Packed::quantise(&weights);
    let bytes = packed.write()?;
    let tokens = || Tokens::read(&tokenizer, config.max_position_embeddings, config.vocab_size);
    let small = Embedder::new(tokens()?, Box::new(int8::Int8Encoder::new(packed)));
    let exact = Embedder::new(tokens()?, Box::new(reference::Reference::new(weights)));
    let (a, b) = (small.vectors(&SENTENCES)?, exact.vectors(&SENTENCES)?);
    let cosine =
        |(a, b): (&std::sync::Arc<[f32]>, &std::sync::Arc<[f32]>)| -> f64 { a.iter().zip(&**b).map(|(a, b)| f64::from(a * b)).sum() };
    let least = a.iter().zip(&b).map(cosine).fold(1.0, f64::min);
    anstream::println!("与 f32 的最小余弦 {least:.5}({} 句)", SENTENCES.len());
    if least < LEAST_COSINE {
        bail!("the packed encoder is too far from the original: {least:.4} is below {LEAST_COSINE}");
    }
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    let config = serde_json::to_string_pretty(&config)? + "\n";
    for (file, bytes) in
        [("config.json", config.as_bytes()), ("tokenizer.json", tokenizer.as_slice()), ("model.safetensors", bytes.as_slice())]
    {
        fs::write(out.join(file), bytes).with_context(|| format!("cannot write {}", out.join(file).display()))?;
    }
    anstream::println!("{}  {:.1} MB  {}", out.display(), bytes.len() as f64 / 1e6, digest(&[config.as_bytes(), &tokenizer, &bytes]));
    Ok(ExitCode::SUCCESS)
}

/// Text of the kind that the model reads, to compare a packed encoder with its original.
const SENTENCES: [&str; 6] = [
    "患者3天前无明显诱因出现右侧肢体无力,伴言语不清,无头痛、恶心、呕吐。",
    "今日查房,患者病情平稳,继续目前治疗,注意观察病情变化。",
    "血压150/90mmHg,心率82次/分,律齐,各瓣膜听诊区未闻及杂音。",
    "右肺下叶见结节影,大小约12×10mm,建议3个月后复查胸部CT。",
    "腹软,无压痛及反跳痛,肝脾肋下未触及,移动性浊音阴性。",
    "手术顺利,术中出血约50ml,安返病房。",
];

fn info(house: &House, json: bool) -> Result<ExitCode> {
    let Some(folder) = house.model_folder()? else {
        anstream::println!("没有使用语言模型");
        return Ok(ExitCode::SUCCESS);
    };
    let language = Language::load(&folder, &house.rulebook)?;
    let heads = heads_in(&folder)?;
    if json {
        let figures: BTreeMap<&String, serde_json::Value> = heads
            .iter()
            .flat_map(|heads| &heads.heads)
            .map(|(id, head)| (id, serde_json::json!({ "cases": head.examples, "threshold": head.threshold, "precision": head.precision, "recall": head.recall, "f1": head.f1, "calibration_error": head.calibration_error })))
            .collect();
        anstream::println!("{}", serde_json::to_string_pretty(&serde_json::json!({ "model": language.identity, "heads": figures }))?);
        return Ok(ExitCode::SUCCESS);
    }
    let config = language.embedder().encoder().config();
    anstream::println!("{} {}  {}", language.identity.name, language.identity.version, language.identity.sha256);
    anstream::println!(
        "{} 层 × {},词表 {},本机指令 {}",
        config.num_hidden_layers,
        config.hidden_size,
        config.vocab_size,
        int8::Processor::best()
    );
    if let Some(heads) = heads {
        print(&heads.heads, &house.rulebook);
        let stale = heads.heads.keys().filter(|id| matches!(language.readiness(id), Some(Readiness::Stale) | None)).count();
        if stale > 0 {
            anstream::println!("{stale} 条判断与规则库或编码器不符,不使用:运行 bingli model fit");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(heads: &BTreeMap<String, Head>, rulebook: &Rulebook) {
    anstream::println!("{} {} {} {} {} {}", pad("判断", 34), pad("例", 4), pad("F1", 6), pad("精确率", 26), pad("召回率", 26), "校准误差");
    let share = |share: crate::language::heads::validate::Share| crate::interval::Proportion::new(share.hits, share.total).to_string();
    for (id, head) in heads {
        let title = rulebook.rule(id).map_or("", |compiled| compiled.rule.title.as_str());
        let (precision, recall) = match head.threshold {
            Some(_) => (share(head.precision), share(head.recall)),
            None => ("静默".to_owned(), String::new()),
        };
        anstream::println!(
            "{} {} {:.3}  {} {} {:.3}  {title}",
            pad(id, 34),
            pad(&head.examples.to_string(), 4),
            head.f1,
            pad(&precision, 26),
            pad(&recall, 26),
            head.calibration_error
        );
    }
    let count = heads.len().max(1) as f64;
    let speaking: Vec<&Head> = heads.values().filter(|head| head.threshold.is_some()).collect();
    let sum = |of: &dyn Fn(&Head) -> (usize, usize)| {
        let (hits, total) = speaking.iter().fold((0, 0), |sum, head| (sum.0 + of(head).0, sum.1 + of(head).1));
        crate::interval::Proportion::new(hits, total)
    };
    anstream::println!(
        "\n{} 条判断,宏平均 F1 {:.3};达到精确率的 {} 条,合计精确率 {},召回率 {}",
        heads.len(),
        heads.values().map(|head| head.f1).sum::<f64>() / count,
        speaking.len(),
        sum(&|head| (head.precision.hits, head.precision.total)),
        sum(&|head| (head.recall.hits, head.recall.total))
    );
}
