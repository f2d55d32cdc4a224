import Core
import PluginHost
import PluginMessages
import TestSupport
import Testing

/// The steps that list versions of system packages, run by a shell with a stub that prints the output of the system's
/// package manager.
@Suite struct VersionQueryTests {
    struct System: CustomTestStringConvertible, Sendable {
        var target: String
        var distribution: String
        /// The names of a repository's depexts.
        var names: [String]
        /// The package manager's program, and a script that answers in its format.
        var program: String
        var answer: String
        var versions: String

        var testDescription: String { target }
    }

    static let systems = [
        System(
            target: "netbsd-10.1", distribution: "netbsd", names: ["gmp", "libev", "python312"], program: "pkg_info",
            answer: """
                [ "$1" = -E ] || exit 2
                case $2 in
                gmp) echo gmp-6.3.0nb1 ;;
                python312) echo python312-3.12.9 ;;
                *) exit 1 ;;
                esac
                """,
            versions: "gmp 6.3.0nb1\npython312 3.12.9\n"),
        System(
            target: "openbsd-7.7", distribution: "openbsd", names: ["gmp", "autoconf"], program: "pkg_info",
            answer: "printf '%s\\n' autoconf-2.71 autoconf-archive-2023.02.20 gmp-6.3.0p0 gmpc-1.0",
            versions: "autoconf 2.71\ngmp 6.3.0p0\n"),
        System(
            target: "freebsd-14.3", distribution: "freebsd", names: ["gmp"], program: "pkg",
            answer: #"[ "$1 $2" = "query %n %v" ] && shift 2 && for name in "$@"; do echo "$name 6.3.0"; done"#,
            versions: "gmp 6.3.0\n"),
        System(
            target: "macos-15", distribution: "macos", names: ["gmp", "openssl@3"], program: "brew",
            answer: """
                [ "$1 $2" = "list --versions" ] || exit 2
                echo gmp 6.3.0
                echo openssl@3 3.4.0 3.5.1
                """,
            versions: "gmp 6.3.0\nopenssl@3 3.5.1\n"),
        System(
            target: "alpine-3.22", distribution: "alpine", names: ["gmp-dev"], program: "apk",
            answer: """
                echo 'gmp-dev-6.3.0-r3 x86_64 {gmp} (LGPL-3.0-or-later OR GPL-2.0-or-later) [installed]'
                """,
            versions: "gmp-dev 6.3.0-r3\n"),
    ]

    @Test(arguments: systems) func versionsAreRead(system: System) async throws {
        let plugin = try await ShippedPlugins.catalog.plugin(named: system.distribution)
        let distribution = try #require(
            try await plugin.describe().distributions.first { $0.name == system.distribution })
        let version = String(system.target.dropFirst(system.distribution.count + 1))
        #expect(distribution.versions.contains(version))
        let request = TargetRequest(
            target: system.target, distribution: system.distribution, version: version,
            architecture: try #require(distribution.architectures.first))
        let answer = try await plugin.systemPackages(SystemPackagesRequest(target: request, names: system.names))
        let step = try #require(answer.versions)
        #expect(step.user == answer.steps.last?.user, "who may install may also ask")
        let directory = try TemporaryDirectory()
        try directory.write("#!/bin/sh\n\(system.answer)\n", to: system.program, mode: 0o755)
        for shell in ["sh", "mksh", "bash"] where Program.areInstalled(shell) {
            let ending = try Machine.run(
                [shell, "-eu", "-c", step.script], environment: ["PATH": "\(directory.path):\(Machine.path)"])
            #expect(ending.status == 0 && ending.output == system.versions, "\(shell): \(ending.output)")
        }
    }
}
