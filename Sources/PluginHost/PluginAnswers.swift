package import Core
package import PluginMessages

/// The answers of a plugin about one target that affect builds.
///
/// Their digest is the plugin's part of every job's id. So recompiling a plugin does not change jobs, and changing its
/// scripts does, whatever its version. Log patterns are excluded, because they affect no build, and so are the summary
/// and the lists that are only used to compare names of packages.
///
/// - SeeAlso: `docs/decisions/0176-plugin-answers.md`
struct PluginAnswers: Encodable {
    var description: PluginDescription
    var target: TargetDescription
    /// The steps for `requests`.
    var steps: [[Step]]
    /// The installation of system packages.
    var systemPackages: [Step]
}

extension Plugin {
    /// The digest of the plugin's answers about a target.
    ///
    /// - Throws: `Failure` if the plugin refuses one of the requests or cannot be called.
    package func answersDigest(for request: TargetRequest) throws -> Digest {
        var description = try describe()
        description.summary = ""
        for index in description.distributions.indices { description.distributions[index].namesCompared = nil }
        var target = try target(request)
        let steps = try StepsRequest.samples(on: request, paths: target.environment.paths).map { try self.steps($0) }
        let packages = try systemPackages(SystemPackagesRequest(target: request, names: Self.sampleNames))
        // Targets with equal answers share their jobs, whatever their names.
        target.target = ""
        target.installedPackages = nil
        return try CanonicalJSON.digest(
            of: PluginAnswers(description: description, target: target, steps: steps, systemPackages: packages.steps))
    }

    /// Depexts of which every distribution knows some, sorted.
    private static let sampleNames = [
        "devel/gmp", "gmp", "gmp-dev", "gmp-devel", "libgmp-dev", "pkg-config", "pkgconf",
    ]
}

extension StepsRequest {
    /// Requests with a step in every phase, and words that a shell must not expand. They never change.
    fileprivate static func samples(on target: TargetRequest, paths: Paths) -> [StepsRequest] {
        let prefix = "\(paths.opamRoot)/default"
        let full = StepsRequest(
            target: target, package: "sample", version: "1.0",
            build: [["./configure", "--prefix=\(prefix)"], ["make", "-j2", "a b", "it's", "$HOME"]],
            test: [["make", "test"]], install: [["make", "install"]], remove: [["make", "uninstall"]],
            sourceDirectory: "\(paths.build)/sample.1.0", prefix: prefix,
            environment: ["OPAM_SWITCH_PREFIX": prefix, "PATH": "\(prefix)/bin:/usr/bin:/bin", "QUOTED": "a 'b' $c"])
        var plain = full
        (plain.build, plain.test, plain.install, plain.remove) = ([], [], [], [])
        return [full, plain]
    }
}
