internal import Core
internal import Foundation
internal import PluginHost
internal import PluginMessages

/// A call and its reply.
struct Exchange {
    var call: String
    var request: [UInt8]
    var answer: Session.Reply
}

/// Calls to one child process of the checked plugin.
struct Session {
    /// The status of a call with the bytes of its answer.
    struct Reply: Equatable {
        var status: CallStatus
        var bytes: [UInt8]
    }

    let process: PluginProcess

    /// Calls the plugin with arbitrary bytes.
    func raw(_ call: String, _ request: [UInt8]) throws(PluginFault) -> Reply {
        let (status, bytes) = try process.call(call, request)
        return Reply(status: status, bytes: bytes)
    }

    /// Calls the plugin and decodes its answer.
    ///
    /// - Throws: `PluginFault`, or the plugin's `Refusal`.
    func ask<Call: PluginCall>(_ call: Call.Type, _ request: Call.Request) throws -> Call.Answer
    where Call.Answer: CheckedAnswer, Call.Answer.Request == Call.Request {
        let reply = try raw(Call.name, [UInt8](CanonicalJSON.encode(request)))
        return try Self.answer(Call.self, reply, request)
    }

    static func answer<Call: PluginCall>(
        _ call: Call.Type, _ reply: Reply, _ request: Call.Request
    ) throws -> Call.Answer where Call.Answer: CheckedAnswer, Call.Answer.Request == Call.Request {
        switch reply.status {
        case .unknownCall:
            throw PluginFault(kind: .garbage("the plugin does not know the call '\(Call.name)'"), call: Call.name)
        case .refused: throw try read(Refusal.self, from: reply.bytes, call: Call.name)
        case .answered:
            let found = try strict(reply.bytes, call: Call.name)
            let answer = try read(Call.Answer.self, from: reply.bytes, call: Call.name)
            let understood = try strict([UInt8](CanonicalJSON.encode(answer)), call: Call.name)
            let problems = UnknownKeys.problems(in: found, understood: understood) + answer.problems(with: request)
            guard !problems.isEmpty else { return answer }
            throw PluginFault(kind: .garbage(problems.joined(separator: "; ")), call: Call.name)
        }
    }

    /// Parses the answer as strict JSON, on which a runner in another language may rely.
    private static func strict(_ bytes: [UInt8], call: String) throws -> StrictJSON {
        do {
            return try StrictJSON(bytes)
        } catch {
            throw PluginFault(kind: .garbage("the answer is invalid: it is not JSON: \(error)"), call: call)
        }
    }
}
