internal import Archive
internal import Core
internal import Foundation
internal import Model
internal import OpamSwitch
internal import PluginHost
internal import PluginMessages
package import RunnerInterface
internal import Sandbox
internal import ShellQuoting
internal import Supervision
internal import System

/// A directory from which docker, podman or buildah can build a job: the job's image, the environment's steps, the
/// layers of the job's inputs, its source, its steps.
///
/// ```
/// Dockerfile
/// layers/NN-NAME.tar   an archive unpacked over the image
/// steps/NN-NAME        a script
/// ```
struct DockerContext {
    private let request: JobRequest
    private let target: TargetEnvironment
    private let directory: String
    private var lines: [String] = []
    private var number = 0

    /// - Parameter directory: a directory that does not exist yet.
    init(_ request: JobRequest, _ target: TargetEnvironment, in directory: String) throws(Failure) {
        self.request = request
        self.target = target
        self.directory = directory
        try Files.makeDirectory(directory)
        for name in ["layers", "steps"] { try Files.makeDirectory("\(directory)/\(name)") }
    }

    /// Writes all files.
    ///
    /// - Parameters:
    ///   - layers: directories to be copied over the image, lowest first, with names.
    ///   - system: the steps that install system packages.
    ///   - prepared: the job, with its source unpacked.
    mutating func write(
        layers: [(name: String, directory: String)], system: [Step], _ prepared: PreparedJob
    ) throws {
        lines = head
        add(variables: target.environment.environment)
        for step in target.environment.bootstrap + system { try add(step) }
        for (name, layer) in layers { try add(layer: layer, named: name) }
        let recipe = prepared.session.recipe
        lines.append("# \(request.job.package)")
        add(variables: recipe.environment)
        lines.append("WORKDIR \(recipe.directory)")
        for step in prepared.strategy.steps where step.phase != .remove { try add(step) }
        try Files.replace(
            "\(directory)/Dockerfile", with: Array((lines.joined(separator: "\n") + "\n").utf8), mode: 0o644,
            durability: .none)
    }

    private var head: [String] {
        let image = target.environment.image ?? ""
        var lines = [
            "# \(request.job.package) on \(request.target.name) with \(request.job.compiler), job \(request.id)"
        ]
        if case .layout(let layout)? = target.image?.location, let digest = target.image?.digest {
            lines += [
                "# docker buildx build --build-context image=oci-layout://\(layout)@\(digest.oci) .", "FROM image",
            ]
        } else {
            lines.append("FROM \(image)")
        }
        return lines + ["SHELL [\"\(target.environment.shell.path)\", \"-c\"]", "USER root"]
    }

    private mutating func add(variables: [String: String]) {
        for (name, value) in variables.sorted(by: { $0.key < $1.key }) {
            let quoted = value.reduce(into: "") { text, character in
                if "\\\"$".contains(character) { text.append("\\") }
                text.append(character)
            }
            lines.append("ENV \(name)=\"\(quoted)\"")
        }
    }

    private mutating func add(_ step: Step) throws(Failure) {
        number += 1
        let name = "\(number < 10 ? "0" : "")\(number)-\(step.name)"
        let exports = step.environment.sorted { $0.key < $1.key }.map {
            "export \($0.key)=\(ShellWord.quoted($0.value))\n"
        }
        let script = exports.joined() + (step.directory.map { "cd \(ShellWord.quoted($0))\n" } ?? "") + step.script
        try Files.replace("\(directory)/steps/\(name)", with: Array(script.utf8), mode: 0o755, durability: .none)
        let user = target.buildUser
        let shell = ([target.environment.shell.path] + target.environment.shell.arguments).joined(separator: " ")
        lines += [
            step.user == .root ? "USER root" : "USER \(user.uid):\(user.gid)", "COPY steps/\(name) /ciso/\(name)",
            "RUN \(shell) /ciso/\(name)",
        ]
    }

    private mutating func add(layer: String, named name: String) throws(Failure) {
        number += 1
        let file = "layers/\(number < 10 ? "0" : "")\(number)-\(name).tar"
        let packing = Packing(
            ownership: .shifted(IdentityMapping.ofThisProcess.offset), permissionMask: 0o7777, level: nil)
        do {
            _ = try packing.pack(layer, to: "\(directory)/\(file)")
        } catch {
            throw Failure(.unavailable, error.description)
        }
        lines.append("ADD \(file) /")
    }
}

extension Reproduction {
    /// Writes a Dockerfile that builds the job over its image, and the files that it needs, into a new directory.
    ///
    /// - Throws: `Failure` if the job's environment is not an image or the directory exists; as `describe`.
    package func writeDockerfile(
        _ request: JobRequest, to directory: String, progress: @escaping @Sendable (String) -> Void
    ) async throws {
        guard request.target.image != nil else {
            throw Failure(
                .input, "target '\(request.target.name)': its environment is not made from an image",
                hint: "without --dockerfile the steps are printed; --run starts a shell in the environment")
        }
        guard FileStatus(directory) == nil else {
            throw Failure(.input, "\(directory): exists already", hint: "name a new directory")
        }
        try await withPreparedJob(request, progress) { prepared in
            if request.job.engine != .opam { try await prepared.session.layOut() }
            guard let backend = prepared.session.backend as? SandboxBackend else { return }
            let target = prepared.session.target
            let names = request.allSystemPackages
            let system =
                names.isEmpty
                ? []
                : try await target.plugin.systemPackages(SystemPackagesRequest(target: target.request, names: names))
                    .steps
            let inputs = Dictionary(
                request.inputs.map { ("\($0.layer)", "\($0.job.package)") }, uniquingKeysWith: { first, _ in first })
            // If there are system packages, the lowest layer contains them; the Dockerfile's steps install them
            // instead.
            let used = backend.sandbox.layout.layers.dropFirst(system.isEmpty ? 0 : 1)
            let layers = used.map { layer in
                let name = layer.split(separator: "/").last.map(String.init) ?? ""
                return (name: inputs[name] ?? name, directory: layer)
            }
            var context = try DockerContext(request, target, in: directory)
            try context.write(
                layers: layers + [(name: "source", directory: backend.sandbox.changes)], system: system, prepared)
        }
    }
}
