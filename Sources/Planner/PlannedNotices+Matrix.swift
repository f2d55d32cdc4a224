internal import Core
internal import Matrix
internal import Model

extension PlannedNotices {
    /// The notices requested by a matrix.
    init(_ rules: NoticeRules) {
        self.init(
            mail: rules.recipients.map { recipient in
                let cells =
                    switch recipient.interest {
                    case .cells(let patterns): patterns.map(\.value.description)
                    case .maintainer(let glob): ["maintainer:\(glob)"]
                    case .tag(let glob): ["tag:\(glob)"]
                    }
                return Recipient(address: recipient.address.text, cells: cells)
            }, operator: rules.operatorAddress?.text, webhooks: rules.webhooks,
            statuses: rules.statuses.map { "\($0.forge)=\($0.url)" })
    }
}
