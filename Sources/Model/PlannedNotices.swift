/// The recipients of notices about new problems, from the matrix of a plan. Secrets are not part of it.
public struct PlannedNotices: Codable, Hashable, Sendable {
    /// A recipient of mail.
    public struct Recipient: Codable, Hashable, Sendable {
        /// The email address.
        public var address: String
        /// The selectors of the cells that the recipient is interested in; one of them must pick a cell.
        public var cells: [String]

        /// - Parameter cells: the selectors.
        public init(address: String, cells: [String]) {
            (self.address, self.cells) = (address, cells)
        }
    }

    /// The recipients of a digest by mail. Absent if there are none.
    public var mail: [Recipient]?
    /// The address that is notified of problems that affect very many cells.
    public var `operator`: String?
    /// The URLs that receive a request for each notice. Absent if there are none.
    public var webhooks: [String]?
    /// The repositories whose commits receive a status, as `KIND=URL`. Absent if there are none.
    public var statuses: [String]?

    /// Omits empty lists.
    public init(mail: [Recipient], operator: String?, webhooks: [String], statuses: [String]) {
        self.mail = mail.isEmpty ? nil : mail
        self.operator = `operator`
        self.webhooks = webhooks.isEmpty ? nil : webhooks
        self.statuses = statuses.isEmpty ? nil : statuses
    }
}
