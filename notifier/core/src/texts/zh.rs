//! Chinese in simplified signs.

use usher_api::approval::{CommentRule, FieldKind, Level, TimeoutResult};

use super::shape::{Both, Form, MailTexts, Mailbox, Page, Text, Texts};
use super::story::Ending;
use crate::decide::{InputWrong, Refusal};
use crate::page::Trouble;

pub(super) static TEXTS: Texts = Texts {
    both: Both {
        colon: "：",
        comma: "、",
        asked_by: "申请人",
        submitted_by: "提交账户",
        workflow: "工作流",
        why_you: "为何找您",
        named: "工作流指定了您",
        as_one_of: |names| format!("您以“{names}”的身份审批"),
        decide_by: "审批截止时间",
        silence,
        your_vote: "您的表决",
        approved: "批准",
        rejected: "驳回",
        comment: "意见",
        printed_name: "记录中的姓名",
        time: "时间",
        meaning: "含义",
        approved_as: |names| as_one_of("批准", names),
        rejected_as: |names| as_one_of("驳回", names),
        proof: "身份验证",
        level,
        digest: "内容摘要（SHA-256）",
        so_far: |have, need| format!("这是您的表决：目前 {need} 票批准中已有 {have} 票。"),
        ending,
        yes_no: ["是", "否"],
        no_password: "我们绝不会索要密码。",
    },
    form: Form {
        details: "详情",
        description: "说明",
        page_only: "仅在此页显示，不在邮件中",
        votes: "目前的表决",
        tally: |[approvals, need, rejections, asked]| {
            format!(
                "批准：{approvals} 票，至少需要 {need} 票。驳回：{rejections} 票。\
                 审批人：{asked} 位。"
            )
        },
        question: "您的决定是？",
        undecided: "请选择批准或驳回。",
        approve: |title| format!("批准：{title}"),
        reject: |title| format!("驳回：{title}"),
        comment_rule,
        needed: "（批准时必填）",
        optional: "（可选）",
        choose: "请选择",
        signed: "已有人按以下内容批准。您若批准，即表示同样确认这些内容。",
        send: "提交我的决定",
        faults: "请检查您填写的内容",
        fault: "错误",
        confirm: "这是您的决定吗？",
        confirm_why: "您的答复非常快。有些邮件程序会自动打开链接并点击按钮，因此请再点击一次。",
        confirm_approve: "是的，我批准",
        confirm_reject: "是的，我驳回",
        back: "返回申请",
        send_again: "尚未作出任何决定：此表单打开时间过长，或来自另一个窗口。请检查内容后重新提交。",
    },
    page: Page {
        skip: "跳到正文",
        waits_for: |address| format!("有一项申请等待 {address} 审批"),
        why_code: |service| {
            format!("{service} 仅向该邮箱的所有者显示申请。请将验证码发送到该邮箱，然后在此输入。")
        },
        send_code: "发送验证码",
        send_code_again: "重新发送验证码",
        code_sent: |address| format!("如果现在可以发送，验证码已发往 {address}，可能需要一分钟。"),
        code: "邮件中的验证码",
        code_help: "六位数字，15 分钟内有效。",
        wrong_code: |left| match left {
            0 => "验证码错误，且已失效，请重新获取。".to_owned(),
            _ => format!("验证码错误，还可尝试 {left} 次。"),
        },
        check_code: "验证",
        receipt: "您的表决已记录",
        request: "申请",
        still_open: "该申请仍在审批中。",
        change: "更改我的表决",
        may_change: "在申请作出决定之前，您可以更改表决。",
        nothing_to_do: "您无需再做任何操作。",
        closed: "该申请已关闭",
        reason: "原因",
        expired: "此链接已过期",
        expired_why: |address| format!("可以重新发送链接，只会发往 {address}。"),
        renew: "发送新链接",
        link_sent: |address| format!("如果现在可以发送，新链接已发往 {address}，可能需要一分钟。"),
    },
    mailbox: Mailbox {
        title: "开发邮箱",
        about: "未设置邮件服务器：所有邮件都存放在这里，不会真正发出。",
        empty: "暂无邮件。",
        from: "发件人",
        to: "收件人",
        subject: "主题",
        no_subject: "（无主题）",
        older: "更早的邮件",
        back: "所有邮件",
        headers: "邮件头",
        text: "文本部分",
        html: "HTML 部分",
        raw: "原始数据",
    },
    mail: MailTexts {
        request_subject: |title| format!("请审批：{title}"),
        request: |who| format!("{who} 请您作出决定。"),
        renewed: "此链接取代之前的链接。",
        page_only: |count| format!("另有 {count} 项仅在页面上显示。"),
        button: "查看并决定",
        address: "或打开此地址：",
        careful: "打开链接不会作出任何决定。该链接仅供您本人使用，请勿转发。",
        not_needed_subject: |title| format!("无需审批：{title}"),
        not_needed: "已不再需要您的表决。您无需再做任何操作。",
        code_subject: |service| format!("{service} 验证码"),
        code: "您的验证码：",
        code_limit: "15 分钟内有效。如果不是您本人申请的，请忽略此邮件，也不要把验证码告诉任何人。",
        receipt_subject: |title| format!("您的表决：{title}"),
        receipt: "您的表决已记录。",
        receipt_not_you: "如果您没有表决，请立即打开申请的链接，并告知管理员。",
        outcome_subject: |ending, title| format!("{ending}：{title}"),
        result: "结果",
        alert_subject: |title| format!("需要管理员处理：{title}"),
        alert: "有一项申请目前无法作出决定。",
        alert_reason: "问题",
        foot: |service| format!("由 {service} 发送。回复不会被阅读。"),
    },
    refusal,
    wrong,
    trouble,
};

fn as_one_of(what: &str, names: &str) -> String {
    match names {
        "" => what.to_owned(),
        _ => format!("以“{names}”的身份{what}"),
    }
}

fn silence(result: TimeoutResult) -> Text {
    match result {
        TimeoutResult::Reject => "届时若无决定，申请将视为驳回。",
        TimeoutResult::Fail => "届时若无决定，该步骤将失败。",
        TimeoutResult::Approve => "届时若无决定，申请将视为批准。",
        TimeoutResult::Continue => "届时若无决定，工作流将继续进行。",
    }
}

fn level(level: Level) -> Text {
    match level {
        Level::Link => "打开了邮件中的链接",
        Level::Code => "输入了邮箱收到的验证码",
        Level::Account => "已用账户登录",
    }
}

fn comment_rule(rule: CommentRule) -> Text {
    match rule {
        CommentRule::Optional | CommentRule::Never => "（可选）",
        CommentRule::OnReject => "（驳回时必填）",
        CommentRule::OnApprove => "（批准时必填）",
        CommentRule::Always => "（必填）",
    }
}

fn ending(ending: Ending) -> Text {
    match ending {
        Ending::Open => "等待决定",
        Ending::Approved => "已批准",
        Ending::ApprovedByTime => "逾期自动批准",
        Ending::Rejected => "已驳回",
        Ending::OutOfReach => "已驳回：已不可能获得足够的批准",
        Ending::TimedOut => "逾期未决定",
        Ending::Withdrawn => "申请人已撤回",
        Ending::Cancelled => "不再需要",
        Ending::ApprovedByRight => "管理员已批准",
        Ending::RejectedByRight => "管理员已驳回",
        Ending::Faulted => "无法决定",
    }
}

fn refusal(refusal: &Refusal) -> String {
    let text = match refusal {
        Refusal::Closed(_) => "该申请已关闭，未作任何更改。",
        Refusal::SlotClosed => "该申请不再需要您审批。",
        Refusal::Outdated => "您打开页面之后，申请有了变化。以下是最新内容：请检查后重新决定。",
        Refusal::LevelTooLow(Level::Account) => "此申请只接受已登录账户的决定。",
        Refusal::LevelTooLow(_) => "请先证明您能收到该邮箱的邮件。",
        Refusal::NotAsked => "该申请由其他人审批。",
        Refusal::NotEntitled => "您已无权审批该申请。",
        Refusal::Separation => "申请人不得自行批准。",
        Refusal::NoDirectory => "目前无法核实您的审批权限。内容没有丢失：请过几分钟重新提交。",
        Refusal::Input(_) => "请检查您填写的内容。",
        Refusal::TooOften => "尝试次数过多，请稍后再试。",
        Refusal::NoCode => "目前没有有效的验证码，请重新获取。",
        Refusal::NotAllowed(_) => "不允许此操作。",
    };
    text.to_owned()
}

fn wrong(wrong: &InputWrong) -> String {
    let text = match wrong {
        InputWrong::Missing => "此处必须选择或填写。",
        InputWrong::NotAnOption => "请选择其中一项。",
        InputWrong::NotA(kind) => not_a(*kind),
        InputWrong::TooSmall(least) => return format!("不得小于 {least}。"),
        InputWrong::TooLarge(most) => return format!("不得大于 {most}。"),
        InputWrong::TooShort(least) => return format!("请至少输入 {least} 个字符。"),
        InputWrong::TooLong(most) => return format!("请最多输入 {most} 个字符。"),
        InputWrong::Pattern => "格式不符合要求。",
        InputWrong::Unknown => "表单中没有此字段。",
        InputWrong::Signed => "已有人确认了其他内容，不能再更改。",
    };
    text.to_owned()
}

fn not_a(kind: FieldKind) -> Text {
    match kind {
        FieldKind::Text => "请输入一行文字。",
        FieldKind::Multiline => "请输入文字。",
        FieldKind::Integer => "请输入整数，例如 12。",
        FieldKind::Number => "请输入数字，例如 12.5。",
        FieldKind::Boolean => "请选择“是”或“否”。",
        FieldKind::Date => "请输入日期，例如 2026-11-27。",
        FieldKind::Email => "请输入邮箱地址，例如 anna@example.org。",
        FieldKind::Choice => "请选择其中一项。",
    }
}

fn trouble(what: Trouble) -> [Text; 2] {
    match what {
        Trouble::NotFound => [
            "此地址无效",
            "有些邮件程序会截断较长的地址。请从邮件中复制完整的链接。",
        ],
        Trouble::TooMany => ["请求过多", "请等待一分钟，然后重新打开链接。内容没有丢失。"],
        Trouble::TooLarge => [
            "提交的内容过多",
            "没有记录任何内容。请返回，缩短内容后重新提交。",
        ],
        Trouble::Unavailable => ["暂时无法使用", "没有记录任何内容。请过几分钟再试。"],
        Trouble::Forbidden => ["未被接受", "该表单并非来自本页面。请重新打开邮件中的链接。"],
        Trouble::NoKey => [
            "此页面需要密钥",
            "请打开服务器启动时显示的地址，密钥就在其中。",
        ],
        Trouble::Method => ["此处无法进行该操作", "请重新打开邮件中的链接。"],
        Trouble::Form => ["无法读取表单", "没有记录任何内容。请重新打开邮件中的链接。"],
    }
}
