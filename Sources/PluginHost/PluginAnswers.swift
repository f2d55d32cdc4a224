package import Core
package import PluginMessages

/// What a plugin answers for one target: everything that decides what a build there does.
///
/// Its digest is the plugin's part of every job's id. So a plugin that is compiled again makes no new jobs, and one whose
/// scripts change does, whatever its version says. Log patterns are left out: they read a log and change no build. So are
/// the summary and the lists that only compare names of packages.
///
/// - SeeAlso: `docs/decisions/0176-plugin-answers.md`
struct PluginAnswers: Encodable {
    var description: PluginDescription
    var target: TargetDescription
    /// The answers to `requests`.
    var steps: [[Step]]
    /// How system packages are installed.
    var systemPackages: [Step]
}

extension Plugin {
    /// The digest of what the plugin answers for a target.
    ///
    /// - Throws: `Failure` if the plugin refuses one of the requests, or cannot be asked.
    package func answersDigest(for request: TargetRequest) throws -> Digest {
        var description = try describe()
        description.summary = ""
        for index in description.distributions.indices { description.distributions[index].namesCompared = nil }
        var target = try target(request)
        let steps = try StepsRequest.samples(on: request, paths: target.environment.paths).map { try self.steps($0) }
        let packages = try systemPackages(SystemPackagesRequest(target: request, names: Self.sampleNames))
        // Targets with equal answers share their jobs, whatever they are called.
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
    /// Requests that have a step in every phase, and words that a shell must not read: the same for every build of a plugin.
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
