internal import FoundationEssentials
internal import PluginABI

/// The response of a plugin to one call: decodes the request, checks it, calls the author's code, and encodes the
/// answer.
struct Response {
    let status: Int32
    /// JSON with sorted keys, so that equal answers have equal bytes; nil for an unknown call.
    let bytes: Data?

    init(to call: String, _ request: Data, of plugin: any DistributionPlugin) {
        do {
            let answer = try Self.answer(to: call, request, of: plugin)
            status = Int32(answer == nil ? CISO_PLUGIN_UNKNOWN_CALL : CISO_PLUGIN_ANSWERED)
            bytes = answer
        } catch let refusal as Refusal {
            status = Int32(CISO_PLUGIN_REFUSED)
            bytes = try? Self.encode(refusal)
        } catch {
            let refusal = Refusal("the request of '\(call)' is invalid: \(error)")
            status = Int32(CISO_PLUGIN_REFUSED)
            bytes = try? Self.encode(refusal)
        }
    }

    private static func answer(to call: String, _ request: Data, of plugin: any DistributionPlugin) throws -> Data? {
        switch call {
        case PluginCalls.Describe.name:
            return try encode(plugin.description)
        case PluginCalls.Target.name:
            return try encode(target(decode(request), of: plugin))
        case PluginCalls.SystemPackages.name:
            return try encode(systemPackages(decode(request), of: plugin))
        case PluginCalls.Steps.name:
            let request: StepsRequest = try decode(request)
            let target = try CheckedRequest(request.target, for: plugin.description)
            return try encode(StepsAnswer(steps: plugin.steps(request, target)))
        case PluginCalls.Patterns.name:
            return try encode(PatternsAnswer(patterns: plugin.patterns))
        case PluginCalls.MachineImage.name:
            let request: MachineImageRequest = try decode(request)
            let target = try CheckedRequest(request.target, for: plugin.description)
            return try plugin.machineImage(request, target).map(encode)
        default:
            return nil
        }
    }

    private static func target(
        _ request: TargetRequest, of plugin: any DistributionPlugin
    ) throws -> TargetDescription {
        let target = try plugin.target(CheckedRequest(request, for: plugin.description))
        guard !request.systemCompiler || target.variables["sys-ocaml-version"]?.isEmpty == false else {
            throw Refusal(
                "target '\(request.target)': the distribution's own OCaml is not known here",
                hint: "use a compiler that opam builds, such as 5.3.0")
        }
        return target
    }

    private static func systemPackages(
        _ request: SystemPackagesRequest, of plugin: any DistributionPlugin
    ) throws -> SystemPackagesAnswer {
        let target = try CheckedRequest(request.target, for: plugin.description)
        let names = plugin.systemPackageNames(target)
        var answer = SystemPackagesAnswer(packages: request.names.map(names.resolve), steps: [])
        if !answer.installed.isEmpty {
            answer.steps = try plugin.install(answer.installed, target)
            answer.versions = plugin.versionQuery.map { query in
                // Homebrew refuses to run as root, for its queries too.
                Step(
                    "list-versions", phase: .depext,
                    script: "set -- \(shellQuoted(answer.installed))\n\(query)\n",
                    user: answer.steps.last?.user ?? .root)
            }
        }
        return answer
    }

    private static func decode<Value: Decodable>(_ data: Data) throws -> Value {
        try JSONDecoder().decode(Value.self, from: data)
    }

    private static func encode(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }
}
