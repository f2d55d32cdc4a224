internal import Core
package import HTTP
package import Model

/// The recipients of notices and how they are sent. By default there are none.
///
/// - SeeAlso: `docs/decisions/0266-notices-in-the-matrix.md`
package struct NoticeSettings: Sendable {
    /// A recipient of mail digests about the selected cells.
    package struct Recipient: Sendable, Hashable {
        /// The mail address.
        package var address: String
        /// The cells to be notified about.
        package var selector: Selector

        /// Parses `ADDRESS=SELECTOR`; nil if the text is invalid.
        package init?(_ text: String) {
            guard let equals = text.firstIndex(of: "=") else { return nil }
            guard let address = MailAddress(String(text[..<equals])),
                let selector = Selector(String(text[text.index(after: equals)...]))
            else { return nil }
            self.init(address, selector)
        }

        init(_ address: MailAddress, _ selector: Selector) {
            (self.address, self.selector) = (address.text, selector)
        }
    }

    /// A repository on a forge in which commit statuses are set.
    package struct StatusTarget: Sendable, Hashable {
        /// The API of the forge.
        package enum Kind: String, Sendable, CaseIterable {
            case github, gitlab, forgejo
        }

        /// The API of the forge.
        package var kind: Kind
        /// The URL of the repository in the forge's API, such as `https://api.github.com/repos/OWNER/NAME`.
        package var url: String

        /// Parses `KIND=URL`; nil if the text is invalid.
        package init?(_ text: String) {
            guard let equals = text.firstIndex(of: "="), let kind = Kind(rawValue: String(text[..<equals])) else {
                return nil
            }
            let url = text[text.index(after: equals)...]
            guard url.hasPrefix("https://") || url.hasPrefix("http://") else { return nil }
            self.kind = kind
            self.url = String(url.hasSuffix("/") ? url.dropLast() : url)
        }
    }

    /// The recipients of mail digests.
    package var recipients: [Recipient]
    /// The mail address that receives held notices and can release them; nil to send them to no one.
    package var operatorAddress: String?
    /// The sender address of mails.
    package var sender: String?
    /// The program that sends mail, compatible with sendmail.
    package var sendmail: String
    /// The minimum number of hours between two digests to one address.
    package var period: Int
    /// The URLs of webhooks.
    package var webhooks: [String]
    /// The secret that signs webhooks.
    package var webhookSecret: [UInt8]
    /// The repositories in which commit statuses are set.
    package var statuses: [StatusTarget]
    /// The token that authorizes commit statuses.
    package var statusToken: String?
    /// Origins that webhooks and statuses of a matrix may be sent to, in addition to the origins of those set here.
    package var origins: [WebOrigin]
    /// The address of the web pages, for links.
    package var address: String?

    package init(
        recipients: [Recipient], operatorAddress: String?, sender: String?, sendmail: String, period: Int,
        webhooks: [String], webhookSecret: [UInt8], statuses: [StatusTarget], statusToken: String?,
        origins: [WebOrigin], address: String?
    ) {
        (self.recipients, self.operatorAddress, self.sender) = (recipients, operatorAddress, sender)
        (self.sendmail, self.period) = (sendmail, period)
        (self.webhooks, self.webhookSecret) = (webhooks, webhookSecret)
        self.origins = origins
        (self.statuses, self.statusToken) = (statuses, statusToken)
        self.address = address.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
    }
}
