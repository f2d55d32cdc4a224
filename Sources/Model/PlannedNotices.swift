/// Whom notices of new problems go to, as the matrix of a plan says. Secrets are not part of it.
public struct PlannedNotices: Codable, Hashable, Sendable {
    /// Somebody who gets mail.
    public struct Recipient: Codable, Hashable, Sendable {
        /// The address of mail.
        public var address: String
        /// The cells of interest: what one of these selectors picks.
        public var cells: [String]

        /// - Parameter cells: selectors.
        public init(address: String, cells: [String]) {
            (self.address, self.cells) = (address, cells)
        }
    }

    /// Who gets a digest by mail. Absent: nobody.
    public var mail: [Recipient]?
    /// Who gets what spoils very much.
    public var `operator`: String?
    /// Addresses that get a request for each notice. Absent: none.
    public var webhooks: [String]?
    /// Repositories whose commits get a status, as `KIND=URL`. Absent: none.
    public var statuses: [String]?

    /// Empty lists are left out.
    public init(mail: [Recipient], operator: String?, webhooks: [String], statuses: [String]) {
        self.mail = mail.isEmpty ? nil : mail
        self.operator = `operator`
        self.webhooks = webhooks.isEmpty ? nil : webhooks
        self.statuses = statuses.isEmpty ? nil : statuses
    }
}
