import Foundation
import PluginHost
import PluginMessages
import TestSupport
import Testing

@Suite struct DebianTests {
    private static func request(_ version: String, systemCompiler: Bool = true) -> TargetRequest {
        TargetRequest(
            target: "debian-\(version)", distribution: "debian", version: version, architecture: "x86_64",
            systemCompiler: systemCompiler)
    }

    /// Of opam-repository's depexts for a release, the names that the plugin passes through or maps are in the
    /// release's archive, and its unknown names are not.
    @Test(
        .enabled(
            if: Machine.debianVersion != nil && Program.areInstalled("apt-cache"), "needs Debian's apt with its lists"))
    func depextsAreThoseOfTheArchive() async throws {
        let version = try #require(Machine.debianVersion)
        let data = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "Data/debian-\(version).depexts")
        let names = try String(contentsOf: data, encoding: .utf8).split(separator: "\n").map(String.init)
        let known = try archiveNames()
        try #require(known.count > 10_000, "apt has no lists: run apt-get update")

        let plugin = try await ShippedPlugins.catalog.plugin(named: "debian")
        let answer = try await plugin.systemPackages(SystemPackagesRequest(target: Self.request(version), names: names))
        let absent = answer.installed.filter { !known.contains($0) }
        #expect(absent.isEmpty, "passed on or mapped, but not in the archive")
        let present = answer.unknown.filter { known.contains($0) }
        #expect(present.isEmpty, "called unknown, but in the archive")
        #expect(answer.packages.count == names.count)
    }

    /// Names of packages and of virtual packages, from Debian's own archive and not from others that a machine adds.
    private func archiveNames() throws -> Set<String> {
        let targets = try Machine.run([
            "apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: Packages", "Origin: Debian",
        ])
        var names: Set<String> = []
        for file in targets.output.split(separator: "\n") {
            let script = "/usr/lib/apt/apt-helper cat-file \"$1\" | grep -E '^(Package|Provides): '"
            let lines = try Machine.run(["sh", "-c", script, "sh", String(file)]).output.split(separator: "\n")
            for line in lines {
                if line.hasPrefix("Package: ") { names.insert(String(line.dropFirst(9))) }
                guard line.hasPrefix("Provides: ") else { continue }
                for provided in line.dropFirst(10).split(separator: ",") {
                    names.insert(String(provided.drop { $0 == " " }.prefix { $0 != " " }))
                }
            }
        }
        return names
    }

    /// The whole way: a root by mmdebstrap, the user, the probe, a system package, and the same again.
    @Test(
        .enabled(
            if: LongForm.isWanted && Machine.isRoot && Program.areInstalled("mmdebstrap", "chroot", "apt-get"),
            "set CISO_TEST_FULL=1; needs root, mmdebstrap, and a Debian mirror"),
        arguments: ["12"])
    func theEnvironmentIsMadeAsDescribed(version: String) async throws {
        let scratch = try TemporaryDirectory()
        let root = "\(scratch.path)/root"
        let plugin = try await ShippedPlugins.catalog.plugin(named: "debian")
        let request = Self.request(version)
        let target = try await plugin.target(request)
        for directory in [root, "\(scratch.path)/cache"] {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }
        for step in target.environment.bootstrap {
            let ending = try run(step, target.environment, in: root)
            try #require(ending.status == 0, "\(step.name): \(ending.output.suffix(2000))")
        }
        try giveNetwork(to: root)

        let probe = try run(try #require(target.environment.probe), target.environment, in: root)
        #expect(probe.status == 0)
        for line in probe.output.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            #expect(target.variables[parts[0]] == parts[1], "\(line)")
        }

        let packages = try await plugin.systemPackages(SystemPackagesRequest(target: request, names: ["libgmp-dev"]))
        var states: [String] = []
        for _ in 1...2 {
            for step in packages.steps + target.environment.bootstrap where step.idempotent {
                let ending = try run(step, target.environment, in: root)
                #expect(ending.status == 0, "\(step.name): \(ending.output.suffix(2000))")
            }
            states.append(try Machine.run(["chroot", root, "dpkg-query", "-W"]).output)
        }
        #expect(states[0].contains("libgmp-dev"))
        #expect(states[0] == states[1], "steps that are idempotent change nothing the second time")
    }

    private func run(_ step: Step, _ environment: EnvironmentDescription, in root: String) throws -> Program.Ending {
        let directory = root.dropLast("/root".count)
        guard step.place == .environment else {
            return try Machine.run(
                ["/bin/sh", "-eu", "-c", step.script],
                environment: ["CISO_ROOT": root, "CISO_CACHE": "\(directory)/cache"])
        }
        return try Machine.run(
            ["chroot", root, environment.shell.path] + environment.shell.arguments + ["-c", step.script],
            environment: environment.environment.merging(step.environment) { $1 })
    }

    /// A chroot has no network configuration; the sandbox provides these files to a step with network access.
    private func giveNetwork(to root: String) throws {
        for file in ["/etc/resolv.conf", "/etc/hosts"] where FileManager.default.fileExists(atPath: file) {
            try? FileManager.default.removeItem(atPath: root + file)
            try FileManager.default.copyItem(atPath: file, toPath: root + file)
        }
    }
}
