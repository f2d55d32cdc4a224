internal import Core
internal import Foundation
package import Model

/// The record of a cause that recipients are notified of: what it affected when it was found, and the messages sent
/// about it.
package struct Notice: Codable, Hashable, Sendable {
    /// The state of the delivery of a message.
    package enum Delivery: String, Codable, Sendable {
        /// It is being sent, or the process died while sending it. It may have arrived and is never sent again.
        case sending
        case sent
        /// It was rejected, and the next call of the notifier retries it.
        case failed
    }

    /// The id of the cause.
    package var cause: String
    /// The run that found it.
    package var run: Int
    /// The error line.
    package var sentence: String
    /// The normalised error line; nil for a failure without one.
    package var signature: String?
    /// The phase that failed, if any.
    package var phase: Phase?
    /// The packages whose own commands failed with a signature that is new to them.
    package var packages: [PackageVersion]
    /// The cells of these packages that were good before.
    package var cells: [Cell]
    /// The number of cells blocked by packages of the cause.
    package var blocks: Int
    /// The number of packages that are not good because of the cause, including blocked ones.
    package var spoilt: Int
    /// Whether it affects so many packages that it is sent to the operator only, who can release it.
    package var isHeld: Bool
    /// The run after which it was closed; nil while it is open.
    package var closed: Int?
    /// The state of the message about the opening, by the key of the channel.
    package var deliveries: [String: Delivery]
    /// The state of the message about the closing, by the key of the channel.
    package var closings: [String: Delivery]

    /// The state of the message about an event on a channel; nil if none was sent yet.
    func delivery(_ event: NoticeEvent, by channel: String) -> Delivery? {
        event == .opened ? deliveries[channel] : closings[channel]
    }

    mutating func setDelivery(_ delivery: Delivery?, _ event: NoticeEvent, by channel: String) {
        if event == .opened { deliveries[channel] = delivery } else { closings[channel] = delivery }
    }

    /// The packages on one line: the first ones by name, and the number of the others.
    var packageWords: String {
        packages.map(\.description).list(first: 4)
    }

    /// The page about the notice, relative to the address of the web pages: that of the cause, or that of a package
    /// once the cause is closed and no longer has a page.
    var page: String {
        guard closed != nil, let package = packages.first?.name else { return "causes/\(cause).html" }
        return "packages/\(package.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? package).html"
    }
}

/// The event of a cause that a message is about.
package enum NoticeEvent: String, Codable, Sendable {
    case opened, closed
}

/// The time at which the last digest was sent on a channel.
struct DigestTime: Codable, Hashable, Sendable {
    var channel: String
    /// Seconds since 1970.
    var time: Int

    private enum CodingKeys: String, CodingKey {
        case channel = "way"
        case time
    }
}

/// The commit status that was sent to a forge last.
struct SentStatus: Codable, Hashable, Sendable {
    var channel: String
    var commit: String
    var state: String
    var description: String
    var delivery: Notice.Delivery

    private enum CodingKeys: String, CodingKey {
        case channel = "way"
        case commit, state, description, delivery
    }
}
