package import Core
internal import Foundation
internal import Logging
package import PluginMessages
internal import System

/// A plugin that has been found, loaded and checked. Calls go to a child process, one at a time.
///
/// A call in which the plugin crashes, hangs or returns an invalid answer throws without further effects: the next call
/// uses a new child. The child is started on demand and ends with this object.
package actor Plugin {
    /// Identifies the plugin that gave an answer, as part of every result.
    package struct Identity: Codable, Hashable, Sendable {
        /// The name in the descriptor.
        package var name: String
        /// The version in the descriptor.
        package var version: String
        /// The digest of the plugin's file.
        package var digest: Digest
    }

    package nonisolated let file: PluginFile
    package nonisolated let identity: Identity

    private let host: PluginHostProgram
    private let limits: PluginLimits
    private let executor: SerialQueueExecutor
    private var process: PluginProcess?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private init(
        _ file: PluginFile, identity: Identity, host: PluginHostProgram, limits: PluginLimits,
        executor: SerialQueueExecutor,
        process: sending PluginProcess
    ) {
        self.file = file
        self.identity = identity
        self.host = host
        self.limits = limits
        self.executor = executor
        self.process = process
    }

    /// Loads `file` in a child process, checks its descriptor and reads its name.
    ///
    /// - Parameter host: the program that loads it.
    /// - Throws: `Failure` with what was expected, what was found, and a suggestion.
    package static func load(
        _ file: PluginFile, host: PluginHostProgram = .besideThisProgram(), limits: PluginLimits = PluginLimits()
    ) async throws -> Plugin {
        let executor = SerialQueueExecutor(label: "plugin \(file.name)")
        guard let digest = try? fileDigest(file.path) else {
            throw Failure(.input, "\(file.path): the file cannot be read")
        }
        do {
            let process = try await executor.run { try PluginProcess(file, host: host, limits: limits) }
            guard file.mayContain(pluginNamed: process.name) else {
                throw PluginFault(kind: .misnamed(found: process.name, expected: file.name))
            }
            let identity = Identity(name: process.name, version: process.version, digest: digest)
            return Plugin(
                file, identity: identity, host: host, limits: limits, executor: executor, process: process)
        } catch let fault as PluginFault {
            throw fault.failure(of: file)
        }
    }

    /// The plugin's description of itself and what it serves.
    package func describe() throws -> PluginDescription {
        try answer(PluginCalls.Describe.self, to: NoArguments())
    }

    /// The opam variables and the environment of a target.
    package func target(_ request: TargetRequest) throws -> TargetDescription {
        try answer(PluginCalls.Target.self, to: request)
    }

    /// The distribution's names of some depexts, and the steps that install them.
    package func systemPackages(_ request: SystemPackagesRequest) throws -> SystemPackagesAnswer {
        try answer(PluginCalls.SystemPackages.self, to: request)
    }

    /// The steps that build, test, install and remove a package.
    package func steps(_ request: StepsRequest) throws -> [Step] {
        try answer(PluginCalls.Steps.self, to: request).steps
    }

    /// The patterns of errors in logs, in order of precedence.
    package func patterns() throws -> [LogPattern] {
        try answer(PluginCalls.Patterns.self, to: NoArguments()).patterns
    }

    /// The recipe for making a machine image; nil if the plugin does not know the call, like older plugins.
    package func machineImage(_ request: MachineImageRequest) throws -> MachineImageRecipe? {
        try answerIfKnown(PluginCalls.MachineImage.self, to: request)
    }

    /// Asks the plugin and checks its answer against the request.
    ///
    /// - Throws: `Failure` of the category `input` if the plugin refuses the request or returns an invalid answer, and
    ///   `unavailable` if it crashed or hung.
    private func answer<Call: PluginCall>(_ call: Call.Type, to request: Call.Request) throws -> Call.Answer
    where Call.Answer: CheckedAnswer, Call.Answer.Request == Call.Request {
        if let answer = try answerIfKnown(call, to: request) { return answer }
        let fault = PluginFault(
            kind: .garbage("the plugin does not know the call '\(Call.name)'"), call: Call.name)
        throw fault.failure(of: file)
    }

    /// Like `answer`, but nil if the plugin does not know the call.
    private func answerIfKnown<Call: PluginCall>(_ call: Call.Type, to request: Call.Request) throws -> Call.Answer?
    where Call.Answer: CheckedAnswer, Call.Answer.Request == Call.Request {
        let bytes = [UInt8](try CanonicalJSON.encode(request))
        do {
            let start = ContinuousClock.now
            let (status, answer) = try running().call(Call.name, bytes)
            logger.debug(
                "plugin call",
                metadata: [
                    "plugin": "\(file.name)", "call": "\(Call.name)", "status": "\(status)",
                    "answer bytes": "\(answer.count)", "duration": "\(ContinuousClock.now - start)",
                ])
            return try decode(Call.self, status, answer, request: request)
        } catch let fault as PluginFault {
            if process?.isAlive == false { process = nil }
            throw fault.failure(of: file)
        }
    }

    private func decode<Call: PluginCall>(
        _ call: Call.Type, _ status: CallStatus, _ bytes: [UInt8], request: Call.Request
    ) throws -> Call.Answer? where Call.Answer: CheckedAnswer, Call.Answer.Request == Call.Request {
        switch status {
        case .unknownCall: return nil
        case .refused:
            let refusal = try read(Refusal.self, from: bytes, call: Call.name)
            throw Failure(.input, "plugin '\(file.name)': \(refusal.message)", hint: refusal.hint)
        case .answered:
            let answer = try read(Call.Answer.self, from: bytes, call: Call.name)
            guard let problem = answer.problems(with: request).first else { return answer }
            throw PluginFault(kind: .garbage(problem), call: Call.name)
        }
    }

    private func running() throws(PluginFault) -> PluginProcess {
        if let process, process.isAlive { return process }
        let started = try PluginProcess(file, host: host, limits: limits)
        process = started
        return started
    }
}

private func fileDigest(_ path: String) throws -> Digest {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    return bytes.withUnsafeBytes { Digest(of: $0) }
}

/// Decodes JSON from a plugin; errors name the position.
package func read<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8], call: String) throws(PluginFault) -> Value
{
    guard !bytes.isEmpty else {
        throw PluginFault(kind: .garbage("the answer is empty: expected a JSON object"), call: call)
    }
    do {
        return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as DecodingError {
        let words = syntaxError(bytes) ?? error.explanation(schema: "docs/plugin-messages.schema.json")
        throw PluginFault(kind: .garbage("the answer is invalid: \(words)"), call: call)
    } catch {
        throw PluginFault(kind: .garbage("the answer is not JSON: \(error)"), call: call)
    }
}

/// The syntax error in a text that is not JSON, with its position, which the decoder does not report. Nil for valid
/// JSON.
private func syntaxError(_ bytes: [UInt8]) -> String? {
    do {
        _ = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
        return nil
    } catch {
        let reason = (error as NSError).userInfo["NSDebugDescription"] as? String
        return "it is not JSON: \(reason ?? "\(error)")"
    }
}
