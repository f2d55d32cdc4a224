internal import Core
internal import HTTP
internal import Model

extension NoticeSettings {
    /// Adds the recipients in the matrix of a plan. Requests are sent only to known origins: otherwise, the author of a
    /// matrix could have a token sent anywhere.
    ///
    /// - Returns: The recipients that are not notified, with the reasons.
    mutating func add(_ planned: PlannedNotices) -> [String] {
        var refused: [String] = []
        for recipient in planned.mail ?? [] {
            let selectors = recipient.cells.compactMap { Selector($0) }
            guard let address = MailAddress(recipient.address), selectors.count == recipient.cells.count else {
                refused.append("mail to \(recipient.address): the matrix has an invalid address or selector")
                continue
            }
            recipients += selectors.map { Recipient(address, $0) }
        }
        operatorAddress = operatorAddress ?? planned.operator.flatMap { MailAddress($0)?.text }
        let known = Set(origins + (webhooks + statuses.map(\.url)).compactMap { WebOrigin(of: $0) })
        for url in planned.webhooks ?? [] where !webhooks.contains(url) {
            if let reason = Self.refusal(of: url, known, webhookSecret.isEmpty ? "'notify-webhook-secret'" : nil) {
                refused.append("webhook \(url): \(reason)")
            } else {
                webhooks.append(url)
            }
        }
        for text in planned.statuses ?? [] {
            guard let target = StatusTarget(text) else {
                refused.append("status \(text): the matrix has an invalid forge or URL")
                continue
            }
            guard !statuses.contains(target) else { continue }
            if let reason = Self.refusal(of: target.url, known, statusToken == nil ? "'notify-status-token'" : nil) {
                refused.append("status at \(target.url): \(reason)")
            } else {
                statuses.append(target)
            }
        }
        return refused
    }

    /// The reason why a request of a matrix is not sent; nil if it is.
    private static func refusal(of url: String, _ known: Set<WebOrigin>, _ missing: String?) -> String? {
        guard let origin = WebOrigin(of: url) else { return "expected an http or https URL without a user" }
        guard known.contains(origin) else {
            return "the matrix requests it; allow that with 'notify-origin: \(origin.text)'"
        }
        return missing.map { "the matrix requests it, but \($0) names no file" }
    }
}
