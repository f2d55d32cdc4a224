internal import Core
internal import Foundation
internal import HTTP
internal import Model

/// A webhook request about one notice, signed with a shared secret.
struct Webhook {
    /// The JSON body of the request.
    struct Payload: Encodable {
        var event: NoticeEvent
        /// Identifies the message; equal in all attempts, so that receivers can detect duplicates.
        var delivery: String
        var deployment: String
        /// Seconds since 1970.
        var time: Int
        var notice: Content
    }

    /// The contents of a notice without its recipients.
    struct Content: Encodable {
        var cause: String
        var run: Int
        var sentence: String
        var signature: String?
        var phase: Phase?
        var packages: [String]
        var cells: [String]
        var blocks: Int
        var closed: Int?
        var url: String?
    }

    let url: String
    let secret: [UInt8]
    let payload: Payload

    init(
        _ url: String, secret: [UInt8], _ notice: Notice, _ event: NoticeEvent, deployment: String, address: String?,
        time: Int
    ) {
        (self.url, self.secret) = (url, secret)
        let words = [url, deployment, notice.cause, "\(notice.run)", event.rawValue].joined(separator: "\n")
        payload = Payload(
            event: event, delivery: String(Digest(of: words).hex.prefix(32)), deployment: deployment, time: time,
            notice: Content(
                cause: notice.cause, run: notice.run, sentence: notice.sentence, signature: notice.signature,
                phase: notice.phase, packages: notice.packages.map(\.description),
                cells: notice.cells.map(\.description), blocks: notice.blocks, closed: notice.closed,
                url: address.map { $0 + notice.page }))
    }

    /// The request, with the signature of its body.
    func request() throws -> HTTPRequest {
        let body = [UInt8](try CanonicalJSON.encode(payload))
        return HTTPRequest.message(
            body, to: url,
            headers: [
                ("X-Ciso-Event", payload.event.rawValue), ("X-Ciso-Delivery", payload.delivery),
                ("X-Ciso-Signature-256", "sha256=\(MessageAuthentication.code(of: body, key: secret))"),
            ])
    }
}

/// HMAC with SHA-256: RFC 2104.
enum MessageAuthentication {
    /// The authentication code in hexadecimal.
    static func code(of message: [UInt8], key: [UInt8]) -> String {
        var block = key
        if block.count > 64 {
            var hasher = MessageDigest(.sha256)
            hasher.update(block)
            block = hasher.finishBytes()
        }
        block += [UInt8](repeating: 0, count: 64 - block.count)
        var inner = MessageDigest(.sha256)
        inner.update(block.map { $0 ^ 0x36 })
        inner.update(message)
        var outer = MessageDigest(.sha256)
        outer.update(block.map { $0 ^ 0x5C })
        outer.update(inner.finishBytes())
        return outer.finish()
    }
}
