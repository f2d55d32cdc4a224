internal import Core
internal import Foundation
internal import PluginHost
internal import PluginMessages

extension Conformance {
    /// Sends invalid requests, each of which must be refused or unknown; the plugin must continue to work.
    func hostileRequests(_ description: PluginDescription, known: TargetRequest?) -> ConformanceReport.Check {
        var problems: [String] = []
        let requests = malformed() + unacceptable(description, known: known)
        var session: Session?
        var hanging: Set<String> = []
        for (what, call, bytes) in requests where !hanging.contains(call) {
            do {
                let running = try session ?? self.session()
                session = running
                if try running.raw(call, bytes).status == .answered {
                    problems.append("\(call): \(what): expected a refusal, found an answer")
                }
            } catch {
                session = nil
                problems.append("\(call): \(what): \(error)")
                if (error as? PluginFault)?.isHang == true { hanging.insert(call) }
            }
        }
        return ConformanceReport.Check("wrong requests", problems: problems, tried: count(requests.count, "request"))
    }

    /// Invalid JSON, or JSON of another form.
    private func malformed() -> [(what: String, call: String, bytes: [UInt8])] {
        let texts = [
            ("an empty request", ""), ("no JSON", "{"), ("a number", "7"), ("a list", "[]"), ("null", "null"),
            ("no keys", "{}"), ("values of other types", #"{"target": 7, "distribution": [], "architecture": {}}"#),
            ("deep nesting", String(repeating: "[", count: 20_000)),
            ("a long text", "\"" + String(repeating: "x", count: 1 << 20) + "\""),
        ]
        var requests: [(what: String, call: String, bytes: [UInt8])] = []
        for call in [PluginCalls.Target.name, PluginCalls.SystemPackages.name, PluginCalls.Steps.name] {
            requests += texts.map { (what: $0.0, call: call, bytes: Array($0.1.utf8)) }
            requests.append(("bytes that are not UTF-8", call, [0xFF, 0xFE, 0x00, 0x80]))
        }
        requests.append(("an unknown call", "no-such-call", Array("{}".utf8)))
        requests.append(("a call without a name", "", Array("{}".utf8)))
        return requests
    }

    /// Well-formed requests with unknown values.
    private func unacceptable(
        _ description: PluginDescription, known: TargetRequest?
    ) -> [(what: String, call: String, bytes: [UInt8])] {
        guard let known else { return [] }
        var requests: [(what: String, TargetRequest)] = []
        func add(_ what: String, _ change: (inout TargetRequest) -> Void) {
            var request = known
            change(&request)
            requests.append((what, request))
        }
        add("an unknown distribution") { $0.distribution = "no-such-distro" }
        add("an unknown version") { $0.version = "0.0.0-none" }
        add("an unknown architecture") { $0.architecture = "pdp11" }
        add("an unknown option") { $0.options = ["no-such-option": "x"] }
        for option in description.options where option.kind != .text && option.kind != .words || option.choices != nil {
            add("a wrong value of '\(option.name)'") { $0.options = [option.name: "\u{1}?"] }
        }
        return requests.compactMap { what, request in
            (try? CanonicalJSON.encode(request)).map { (what, PluginCalls.Target.name, [UInt8]($0)) }
        }
    }

    /// Names that a shell or a package manager would misinterpret must be unknown, never passed through.
    func hostileNames(_ answers: Answers) -> ConformanceReport.Check {
        let passed = answers.packages.flatMap(\.packages).filter {
            Answers.hostileNames.contains($0.name) && $0.status != .unknown
        }
        let problems = Set(passed.map(\.name)).sorted().map {
            "'\($0)' is taken for a system package; expected unknown"
        }
        return ConformanceReport.Check(
            "hostile depexts", problems: problems, tried: count(Answers.hostileNames.count, "name"))
    }
}
