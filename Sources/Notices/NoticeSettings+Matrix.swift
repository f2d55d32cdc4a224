internal import Core
internal import HTTP
internal import Model

extension NoticeSettings {
    /// Adds what the matrix of a plan asks for. Whoever may write a matrix could otherwise have a token sent anywhere,
    /// so requests go to known origins alone.
    ///
    /// - Returns: What is not done, and why.
    mutating func add(_ planned: PlannedNotices) -> [String] {
        var refused: [String] = []
        for recipient in planned.mail ?? [] {
            let selectors = recipient.cells.compactMap { Selector($0) }
            guard let address = MailAddress(recipient.address), selectors.count == recipient.cells.count else {
                refused.append("mail to \(recipient.address): the matrix names no address and cells")
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
                refused.append("status \(text): the matrix names no forge and address")
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

    /// Why a request that a matrix asks for is not sent; nil where it may be.
    private static func refusal(of url: String, _ known: Set<WebOrigin>, _ missing: String?) -> String? {
        guard let origin = WebOrigin(of: url) else { return "the matrix names an address that has no plain host" }
        guard known.contains(origin) else {
            return "the matrix asks for it; allow that with 'notify-origin: \(origin.text)'"
        }
        return missing.map { "the matrix asks for it, and \($0) names no file" }
    }
}
