package import Core
internal import Foundation
internal import Images
internal import Matrix
package import Model
internal import Planner
internal import PluginHost
package import PluginMessages
internal import System
internal import YAML

/// Gets the descriptions of a matrix's targets from plugins.
struct PluginProfiles {
    let matrix: MatrixFile
    let catalog: PluginCatalog
    /// The architecture of this machine, in opam's spelling.
    let architecture: String
    let images: ImageTargets

    /// The descriptions of all targets that the matrix needs.
    ///
    /// - Throws: `Failure` that names all targets without a plugin.
    func profiles() async throws -> [PlanInputs.ProfileKey: TargetProfile] {
        var profiles: [PlanInputs.ProfileKey: TargetProfile] = [:]
        var diagnostics: [Diagnostic] = []
        var category = ErrorCategory.input
        let keys = PlanInputs.profileKeys(of: matrix)
        let results = try await parallelMap(keys) { _, wanted in await result(of: wanted.target, wanted.key) }
        for ((key, target), result) in zip(keys, results) {
            do {
                profiles[key] = try result.get()
            } catch let failure as Failure {
                if failure.category == .unavailable { category = .unavailable }
                let location = (target.plugin ?? target.name).location
                diagnostics += failure.diagnostics.map { diagnostic in
                    matrix.sources.diagnostic(
                        diagnostic.severity, diagnostic.message, at: diagnostic.location ?? location,
                        hint: diagnostic.hint)
                }.filter { !diagnostics.contains($0) }
            }
        }
        guard diagnostics.isEmpty else { throw Failure(category, diagnostics) }
        return profiles
    }

    private func result(
        of target: TargetEntry, _ key: PlanInputs.ProfileKey
    ) async -> Result<TargetProfile, any Error> {
        do {
            return .success(try await profile(of: target, key))
        } catch {
            return .failure(error)
        }
    }

    private func profile(of target: TargetEntry, _ key: PlanInputs.ProfileKey) async throws -> TargetProfile {
        var (plugin, request) = try await serving(target, systemCompiler: key.systemCompiler)
        let engine = target.jobEngine
        if engine == .opam { request.opamClient = true }
        var image = try await images.image(of: target, architecture: request.architecture)
        if let image {
            let facts = try await images.options(
                of: image, at: target.image?.location, beside: request.options)
            request.options = facts.merging(request.options) { $1 }.merging(["image": image.digest.oci]) { $1 }
        }
        let description = try await plugin.target(request)
        if image == nil, description.environment.kind == .image {
            image = try await images.image(named: description.environment.image, architecture: request.architecture)
        }
        try checkCompilers(target, description)
        let machine = try MachineTargets.machine(of: target, description, plugin: plugin.identity.name)
        if engine == .opam, description.opamClient == nil || description.environment.kind == .host {
            throw Failure(
                .input,
                "target '\(target.name.value)': plugin '\(plugin.identity.name)' has no opam client for it",
                at: target.engine?.location, hint: "give the target 'engine: recipe'")
        }
        let host: String? =
            if case .ssh(let hosts) = target.backend { hosts.map(\.description).joined(separator: " ") } else { nil }
        var planned = Plan.Target(
            name: target.name.value,
            plugin: Job.Plugin(
                name: plugin.identity.name, version: plugin.identity.version,
                digest: try await plugin.answersDigest(for: request)),
            distribution: request.distribution, version: request.version, architecture: request.architecture,
            systemCompiler: request.systemCompiler, engine: engine, host: host, image: image?.planned,
            options: request.options, variables: description.variables,
            environment: try description.environmentDigest(of: image?.digest, machine: machine),
            required: target.isRequired)
        planned.machine = machine
        planned.labels = target.labels.isEmpty ? nil : target.labels
        return TargetProfile(target: planned) { [plugin, request] names in
            let answer = try await plugin.systemPackages(SystemPackagesRequest(target: request, names: names))
            return Dictionary(
                answer.packages.map { ($0.name, $0.status == .unknown ? [$0.name] : $0.packages) },
                uniquingKeysWith: { first, _ in first })
        }
    }

    private func serving(_ target: TargetEntry, systemCompiler: Bool) async throws
        -> (plugin: Plugin, request: TargetRequest)
    {
        // A machine reached by ssh may have any architecture; a sandbox has that of this machine.
        let architecture = target.arch ?? (target.backend == .sandbox ? self.architecture : nil)
        guard let named = target.plugin ?? target.image.map({ Located("image", at: $0.location) }) else {
            var (plugin, request) = try await catalog.plugin(
                serving: target.name.value, architecture: architecture, systemCompiler: systemCompiler,
                options: target.options)
            if let version = target.version { request.version = version }
            return (plugin, request)
        }
        let plugin = try await catalog.plugin(named: named.value)
        let distributions = try await plugin.describe().distributions
        let name = target.name.value
        let distribution = distributions.first { name == $0.name || name.hasPrefix("\($0.name)-") }
        guard let distribution = distribution ?? distributions.first else {
            throw Failure(.input, "plugin '\(named.value)' serves no distribution")
        }
        let suffix = name.hasPrefix("\(distribution.name)-") ? String(name.dropFirst(distribution.name.count + 1)) : nil
        return (
            plugin,
            TargetRequest(
                target: name, distribution: distribution.name, version: target.version ?? suffix,
                architecture: architecture ?? distribution.architectures.first ?? self.architecture,
                systemCompiler: systemCompiler, options: target.options)
        )
    }

    /// Checks that a system compiler has the version of the distribution.
    private func checkCompilers(_ target: TargetEntry, _ description: TargetDescription) throws {
        guard let shipped = description.systemCompiler else { return }
        for compiler in matrix.compilers
        where compiler.isSystem && compiler.targets.matches(target.name.value) && compiler.version != shipped {
            throw Failure(
                .input,
                "target '\(target.name.value)' ships OCaml \(shipped), not \(compiler.version)",
                at: compiler.name.location, hint: "write 'system: \"\(shipped)\"', or give the compiler its 'targets'")
        }
    }
}

extension TargetDescription {
    /// The digest of a target in jobs, of its variables and the description of its environment. It does not include the
    /// name, so that equal targets share jobs.
    ///
    /// - Parameters:
    ///   - image: The digest of the environment's image, which replaces the image's name.
    ///   - machine: The virtual machine, of which the digest includes what may change the results of commands.
    package func environmentDigest(of image: Digest? = nil, machine: Plan.Machine? = nil) throws -> Digest {
        struct Identity: Encodable {
            let machine: MachineIdentity?
            let variables: [String: String]
            let buildVariables: [String: String]
            let environment: EnvironmentDescription
        }
        var environment = environment
        if let image { environment.image = image.oci }
        return try CanonicalJSON.digest(
            of: Identity(
                machine: machine.map { MachineIdentity($0, self.machine) }, variables: variables,
                buildVariables: buildVariables, environment: environment))
    }
}

/// The architecture of this machine, in opam's spelling.
package func hostArchitecture() -> String {
    var name = utsname()
    guard uname(&name) == 0 else { return "x86_64" }
    let machine = withUnsafeBytes(of: &name.machine) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    switch machine {
    case "aarch64": return "arm64"
    case "amd64": return "x86_64"
    case "i486", "i586", "i686": return "x86_32"
    default: return machine
    }
}
