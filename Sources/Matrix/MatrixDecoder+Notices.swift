internal import Core
internal import YAML

/// Decodes the recipients of notices.
extension MatrixDecoder {
    func notices(_ node: Node) -> NoticeRules? {
        guard let fields = reader.fields(node, "'notify'", .notices) else { return nil }
        if case .mapping(let entries) = node.content, entries.isEmpty {
            reader.report(
                "'notify' is empty", at: node.location,
                hint: "write 'mail: [{to: ADDRESS, maintainer: ADDRESS}]', or leave it out")
        }
        var notices = NoticeRules()
        if let mail = fields["mail"] {
            notices.recipients = reader.list(mail, "'mail'", of: "recipient", recipient)
        }
        notices.operatorAddress = fields["operator"].flatMap { mailAddress($0, "'operator'") }
        if let webhooks = fields["webhooks"] {
            notices.webhooks = reader.list(webhooks, "'webhooks'", of: "address") {
                webAddress($0, "a webhook", example: "https://chat.example.org/hooks/ciso")
            }
        }
        if let statuses = fields["statuses"] {
            notices.statuses = reader.list(statuses, "'statuses'", of: "status", status)
        }
        return notices
    }

    private func recipient(_ node: Node) -> NoticeRules.Recipient? {
        guard let fields = reader.fields(node, KeySchema.noticeRecipient.title, .noticeRecipient) else { return nil }
        guard let to = fields["to"] else {
            reader.report(
                "a recipient of notices needs 'to'", at: node.location, hint: "an address, such as 'ann@example.org'")
            return nil
        }
        let address = mailAddress(to, "'to'")
        let keys = ["cells", "maintainer", "tag"].filter { fields[$0] != nil }
        guard keys.count == 1, let key = keys.first, let value = fields[key] else {
            reader.report(
                "a recipient of notices needs one of 'cells', 'maintainer' and 'tag', found \(keys.isEmpty ? "none" : "\(keys.count)")",
                at: node.location, hint: "write an entry for each")
            return nil
        }
        let interest: NoticeRules.Recipient.Interest? =
            switch key {
            case "cells": .cells(cells(fields, node, of: .noticeRecipient))
            case "maintainer": reader.text(value, "'maintainer'").map { .maintainer($0.value) }
            default: reader.text(value, "'tag'").map { .tag($0.value) }
            }
        guard let address, let interest else { return nil }
        return NoticeRules.Recipient(address: address, interest: interest)
    }

    private func mailAddress(_ node: Node, _ what: String) -> MailAddress? {
        guard let text = reader.text(node, what) else { return nil }
        guard let address = MailAddress(text.value) else {
            reader.report(
                "\(what) must be an email address, found '\(text.value)'", at: node.location,
                hint: "NAME@HOST of letters, digits and ._+-")
            return nil
        }
        return address
    }

    private func status(_ node: Node) -> NoticeRules.Status? {
        guard let fields = reader.fields(node, KeySchema.noticeStatus.title, .noticeStatus) else { return nil }
        guard fields.count == 1, let (forge, value) = fields.first else {
            reader.report(
                "a status of commits needs one forge, found \(fields.isEmpty ? "none" : "\(fields.count)")",
                at: node.location, hint: "write 'github: https://api.github.com/repos/OWNER/NAME'")
            return nil
        }
        return webAddress(value, "'\(forge)'", example: "https://api.github.com/repos/OWNER/NAME").map {
            NoticeRules.Status(forge: forge, url: $0)
        }
    }
}

extension NoticeRules {
    /// The selectors of cells in the recipients.
    var cells: [Located<CellPattern>] {
        recipients.flatMap { recipient -> [Located<CellPattern>] in
            guard case .cells(let cells) = recipient.interest else { return [] }
            return cells
        }
    }
}
