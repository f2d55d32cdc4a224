import Core
import Foundation
import Glibc
import PluginMessages
import Testing

@testable import PluginHost
@testable import PluginTools

/// A plugin that misbehaves in a call affects only that call: the failure describes the fault, and the next call is
/// answered.
@Suite struct HostileCallTests {
    /// The fault of the plugin, and the message for the user.
    static let faults: [(fault: String, message: String)] = [
        ("segfault", "the plugin crashed with SIGSEGV (a bad memory access)"),
        ("abort", "the plugin crashed with SIGABRT (abort)"),
        ("overflow", "the plugin crashed with SIGSEGV (a bad memory access)"),
        ("exit", "the plugin ended the process with status 7 instead of answering"),
        ("hang", "no answer within 10 s"),
        ("memory", "the plugin crashed with SIGSEGV (a bad memory access)"),
        ("file", "the plugin crashed with SIGXFSZ (it wrote a file)"),
        ("socket", "the plugin wrote into the host's own socket"),
        ("stderr", "it printed: line 99995 of much talk"),
        ("status", "expected the status 0, 1 or 2, found 99"),
        ("null", "the plugin gave an answer of some size but no bytes"),
        ("empty", "the answer is empty: expected a JSON object"),
        ("text", "the answer is invalid: it is not JSON: "),
        ("bytes", "the answer is invalid"),
        ("keys", "expected the key 'variables', found none"),
        ("deep", "the answer is invalid"),
        ("large", "the answer has 67108864 bytes, at most 1048576 are allowed"),
        ("refuse", "plugin 'hostile': not today"),
        ("mute", "the plugin does not know the call 'target'"),
        ("stdout", "the plugin does not know the call 'target'"),
        ("daemon", "the plugin does not know the call 'target'"),
    ]

    static let limits = PluginLimits(time: .seconds(10), memory: 256 << 20, answer: 1 << 20)

    @Test func everyFaultFailsOnlyItsCall() async throws {
        let builder = try PluginBuilder()
        let plugin = try await Plugin.load(builder.hostile(), limits: Self.limits)
        for (fault, message) in Self.faults {
            let request = TargetRequest(
                target: "hostile", distribution: "hostile", version: nil, architecture: "x86_64", options: ["do": fault]
            )
            let failure = await failure(of: try await plugin.target(request))
            #expect(failure?.description.contains(message) == true, "\(fault): \(failure?.description ?? "")")
            #expect(try await plugin.describe().name == "hostile", "after \(fault)")
        }
    }

    /// A closed standard error can be read for ever; the host waits for the answer nevertheless.
    @Test func aPluginWithoutStandardErrorCostsNoProcessorTime() throws {
        let builder = try PluginBuilder()
        let process = try PluginProcess(builder.hostile(), host: .besideThisProgram(), limits: Self.limits)
        func processorTime() -> Duration {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
        }
        let before = processorTime()
        // The plugin sleeps for two seconds.
        let request = Array(#"{"options" : {"do" : "mute"}}"#.utf8)
        #expect(try process.call("target", request).status == .unknownCall)
        #expect(processorTime() - before < .milliseconds(500))
    }

    /// The message for the author about a mistake in an answer: the location, the expected and the actual value.
    @Test(arguments: [
        (#"{"name": "a", "phase": "build"}"#, "expected the key 'script', found none"),
        (
            #"{"name": "a", "phase": "build", "script": "", "idempotent": "yes"}"#,
            "at idempotent: expected true or false, found a string"
        ),
        (#"{"name": 7, "phase": "build", "script": ""}"#, "at name: expected a text, found number"),
        (
            #"{"name": "a", "phase": "bake", "script": ""}"#,
            "at phase: 'bake' is none of the values that docs/plugin-messages.schema.json lists there"
        ),
        (#"{"name": "a", "phase": "build", "script": "}"#, "it is not JSON: Unexpected end of file"),
        (#"{"name": a}"#, "it is not JSON: Invalid value around character 9"),
        ("[]", "expected an object, found an array"),
    ])
    func invalidAnswersAreReportedInJSONTerms(json: String, words: String) {
        let error = #expect(throws: PluginFault.self) { try read(Step.self, from: Array(json.utf8), call: "steps") }
        let found = error?.description ?? ""
        #expect(found.contains("the answer is invalid: \(words)"), "\(found)")
    }

    /// The suite has hundreds of requests: of a call that hangs it makes one, or two.
    @Test func aCheckOfASlowPluginEndsSoon() async throws {
        let builder = try PluginBuilder()
        let file = try builder.hostile("Hostile", ["SLOW": "1"])
        let report = await Conformance.check(file, limits: PluginLimits(time: .seconds(1)))
        let problems = report.checks.flatMap { check in
            if case .failed(let problems) = check.status { problems } else { [String]() }
        }
        #expect(problems.count { $0.contains("no answer within 1 s") } <= 7, "\(problems)")
        #expect(problems.contains { $0.contains("no answer within 1 s") })
    }

    /// Crashes and hangs may be the machine's fault and are retried; wrong answers are the plugin's and are not.
    @Test(arguments: [("segfault", ErrorCategory.unavailable), ("text", .input), ("refuse", .input)])
    func faultsHaveACategory(fault: String, category: ErrorCategory) async throws {
        let builder = try PluginBuilder()
        let plugin = try await Plugin.load(builder.hostile(), limits: Self.limits)
        let request = TargetRequest(
            target: "hostile", distribution: "hostile", version: nil, architecture: "x86_64", options: ["do": fault])
        let failure = await failure(of: try await plugin.target(request))
        #expect(failure?.category == category)
    }

    @Test func aSwiftTrapIsReadWithItsWords() async throws {
        let builder = try PluginBuilder()
        let plugin = try await Plugin.load(builder.trap(), limits: PluginLimits(memory: 1 << 30))
        let failure = await failure(of: try await plugin.describe())
        let text = failure?.description ?? ""
        #expect(text.contains("call 'describe' of plugin 'trap': the plugin crashed with SIG"), "\(text)")
        #expect(text.contains("Fatal error: the author's mistake"), "\(text)")
    }

    /// Processes that a plugin leaves running end with its child process.
    @Test func aDaemonDoesNotOutliveThePlugin() async throws {
        let builder = try PluginBuilder()
        let file = try builder.hostile()
        var plugin: Plugin? = try await Plugin.load(file, limits: Self.limits)
        let request = TargetRequest(
            target: "hostile", distribution: "hostile", version: nil, architecture: "x86_64", options: ["do": "daemon"])
        _ = await failure(of: try await plugin?.target(request))
        #expect(processes(that: file.path) == 2)
        plugin = nil
        for _ in 0..<200 where processes(that: file.path) > 0 {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(processes(that: file.path) == 0)
    }

    /// How many processes have `argument` on their command line.
    private func processes(that argument: String) -> Int {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return numbers.filter { number in
            guard Int(number) != nil, let line = FileManager.default.contents(atPath: "/proc/\(number)/cmdline") else {
                return false
            }
            return line.split(separator: 0).contains(where: { $0.elementsEqual(argument.utf8) })
        }.count
    }
}
