internal import Core
internal import Foundation
internal import HTTP

/// The state of a deployment as a commit status on a forge.
struct CommitStatus {
    let target: NoticeSettings.StatusTarget
    let commit: String
    let state: String
    let description: String
    let deployment: String
    let address: String?

    /// The request that sets the status.
    func request(token: String) throws -> HTTPRequest {
        var request = HTTPRequest(.post, "\(target.url)/statuses/\(commit)")
        var fields = ["description": String(description.prefix(140))]
        let context = "ciso/\(deployment)"
        if let address { fields["target_url"] = address }
        switch target.kind {
        case .github, .forgejo:
            fields["state"] = state
            fields["context"] = context
        case .gitlab:
            fields["state"] = state == "success" ? "success" : "failed"
            fields["name"] = context
        }
        let authorization =
            switch target.kind {
            case .github: ("Authorization", "Bearer \(token)")
            case .forgejo: ("Authorization", "token \(token)")
            case .gitlab: ("PRIVATE-TOKEN", token)
            }
        request.headers = [("Content-Type", "application/json"), ("User-Agent", "ciso"), authorization]
        request.body = .bytes([UInt8](try CanonicalJSON.encode(fields)))
        request.limits.connecting = .seconds(10)
        request.limits.time = .seconds(30)
        request.limits.bytes = 1 << 20
        return request
    }
}
