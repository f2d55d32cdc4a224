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
        return HTTPRequest.message(
            [UInt8](try CanonicalJSON.encode(fields)), to: "\(target.url)/statuses/\(commit)", headers: [authorization])
    }
}
