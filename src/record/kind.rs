//! Kinds of document and titles of staff.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::visit::vocabulary;

vocabulary! {
    /// What a document is. Titles as printed are mapped to a kind by `rules/documents.toml`.
    DocumentKind {
        FrontPage = "住院病案首页",
        AdmissionNote = "入院记录",
        ReadmissionNote = "再次或多次入院记录",
        BriefAdmissionDischarge = "24小时内入出院记录",
        BriefAdmissionDeath = "24小时内入院死亡记录",
        FirstCourse = "首次病程记录",
        DailyCourse = "日常病程记录",
        WardRound = "上级医师查房记录",
        DifficultCaseDiscussion = "疑难病例讨论记录",
        Handover = "交班记录",
        Takeover = "接班记录",
        TransferOut = "转出记录",
        TransferIn = "转入记录",
        StageSummary = "阶段小结",
        RescueRecord = "抢救记录",
        InvasiveProcedure = "有创诊疗操作记录",
        ConsultRequest = "会诊申请",
        ConsultOpinion = "会诊记录",
        PreopSummary = "术前小结",
        PreopDiscussion = "术前讨论记录",
        AnesthesiaPrevisit = "麻醉术前访视记录",
        AnesthesiaRecord = "麻醉记录",
        OperationRecord = "手术记录",
        SafetyChecklist = "手术安全核查记录",
        CountRecord = "手术清点记录",
        PostopCourse = "术后首次病程记录",
        AnesthesiaPostvisit = "麻醉术后访视记录",
        DischargeRecord = "出院记录",
        DeathRecord = "死亡记录",
        DeathDiscussion = "死亡病例讨论记录",
        CriticalNotice = "病危(重)通知书",
        ConsentOperation = "手术同意书",
        ConsentAnesthesia = "麻醉同意书",
        ConsentTransfusion = "输血治疗知情同意书",
        ConsentSpecial = "特殊检查(治疗)同意书",
        TransfusionRecord = "输血记录",
        CriticalValueRecord = "危急值处理记录",
        LabReport = "检验报告",
        ExamReport = "检查报告",
        PathologyReport = "病理报告",
        TemperatureChart = "体温单",
        OrderSheet = "医嘱单",
        NursingRecord = "护理记录",
        Other = "其他文书",
    }
}

vocabulary! {
    /// Professional title, in rising order of level.
    Title {
        Other = "其他",
        Technician = "技师",
        Nurse = "护士",
        Intern = "实习或试用期医师",
        Resident = "住院医师",
        Attending = "主治医师",
        AssociateChief = "副主任医师",
        Chief = "主任医师",
    }
}

impl Title {
    /// 主治医师 or above.
    pub fn is_senior(self) -> bool {
        self >= Title::Attending
    }
}
