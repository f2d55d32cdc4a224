import Archive
import Core
import Foundation
import Matrix
import Model
import OpamFormat
import OpamRepository
import OpamSolver
import Records
import Store
import Testing
import YAML

@testable import Planner

/// A repository in memory: opam files by `name.version`.
struct SmallRepository: PackageSource {
    let repositories: [Plan.Repository]
    let universe: Universe
    let defects: [PackageDefect] = []
    private let packages: [PackageVersion: PackageFiles]

    init(
        _ opamFiles: [String: String], files: [String: [FilePath: [UInt8]]] = [:], location: String = "memory"
    ) throws {
        var packages: [PackageVersion: PackageFiles] = [:]
        var builder = UniverseBuilder()
        var problems: [FormatError] = []
        let named = opamFiles.compactMap { text, opam in PackageVersion(text).map { ($0, opam) } }
        for (name, versions) in Dictionary(grouping: named, by: \.0.name).sorted(by: { $0.key < $1.key }) {
            builder.begin(name, fingerprint: versions.map { "\($0)" }.sorted().joined())
            for (version, opam) in versions {
                let bytes = Array(("opam-version: \"2.0\"\n" + opam).utf8)
                packages[version] = PackageFiles(opam: bytes, files: files["\(version)"] ?? [:])
                builder.add(
                    Package(
                        name: PackageName(unchecked: version.name), version: Version(unchecked: version.version)),
                    PackageRelations(try OpamFile(parsing: bytes, file: "\(version)/opam"), problems: &problems))
            }
        }
        self.packages = packages
        universe = builder.finish()
        let digest = try CanonicalJSON.digest(of: opamFiles)
        repositories = [Plan.Repository(location: location, commit: String(digest.hex.prefix(40)))]
    }

    func files(of package: PackageVersion) throws -> PackageFiles {
        guard let files = packages[package] else { throw Failure(.input, "no \(package)") }
        return files
    }

    func repository(of package: PackageVersion) -> Plan.Repository? {
        packages[package] == nil ? nil : repositories.first
    }

    func fingerprint(of name: String) -> String? {
        let versions = packages.filter { $0.key.name == name }.map { "\($0.key) \($0.value.digest)" }.sorted()
        return versions.isEmpty ? nil : versions.joined(separator: "\n")
    }

    /// A compiler of one package and a few libraries.
    static let usual: [String: String] = [
        "ocaml.5.3.0": #"depends: [ "ocaml-base-compiler" {= version} "ocaml-config" {post} ]"#,
        "ocaml.4.14.2": #"depends: [ "ocaml-base-compiler" {= version} ]"#,
        "ocaml-base-compiler.5.3.0": "", "ocaml-base-compiler.4.14.2": "",
        "ocaml-config.3": #"depends: [ "ocaml" ]"#,
        "fmt.0.9.0": #"depends: [ "ocaml" ] depopts: [ "cmdliner" ]"#,
        "cmdliner.1.0.0": #"depends: [ "ocaml" ]"#,
        "cmdliner.1.3.0": #"depends: [ "ocaml" ]"#,
        "logs.0.7.0": #"depends: [ "ocaml" ("lwt" | "fmt") ]"#,
        "alcotest.1.8.0": #"depends: [ "ocaml" "cmdliner" ]"#,
        "astring.0.8.5": #"depends: [ "ocaml" "alcotest" {with-test} "odoc" {with-doc} ]"#,
        "odoc.2.4.3": #"depends: [ "ocaml" ]"#,
        "zarith.1.14": #"depends: [ "ocaml" "conf-gmp" ]"#,
        "conf-gmp.5": #"depexts: [ ["libgmp-dev"] {os-family = "debian"} ["gmp"] {os = "freebsd"} ]"#,
        "winonly.1.0": #"depends: [ "ocaml" ] available: os = "win32""#,
        "clash.1.0": #"depends: [ "ocaml" "fmt" ] conflicts: [ "fmt" ]"#,
        "old.1.0": #"depends: [ "ocaml" {< "5.0"} ]"#,
    ]
}

/// Plans of small repositories.
struct SmallPlan {
    var opamFiles = SmallRepository.usual
    /// Files next to the opam files, by `name.version`.
    var files: [String: [FilePath: [UInt8]]] = [:]
    var targets = "[debian-12]"
    var compilers = "[5.3.0]"
    var rest = "packages: all"
    var today = "2026-11-22"
    var variables = [
        "arch": "x86_64", "os": "linux", "os-distribution": "debian", "os-family": "debian", "os-version": "12",
    ]
    var plugin = Job.Plugin(name: "debian", version: "1", digest: Digest(of: "plugin"))
    var environment = Digest(of: "environment")

    func inputs() throws -> PlanInputs {
        let text = "deployment: d\nrepositories: [r]\ntargets: \(targets)\ncompilers: \(compilers)\n\(rest)\n"
        let matrix = try MatrixFile(SourceText(file: "m.yaml", bytes: Array(text.utf8)))
        var profiles: [PlanInputs.ProfileKey: TargetProfile] = [:]
        for (key, target) in PlanInputs.profileKeys(of: matrix) {
            profiles[key] = TargetProfile(
                target: Plan.Target(
                    name: key.target, plugin: plugin, distribution: "debian", version: target.version,
                    architecture: "x86_64", systemCompiler: key.systemCompiler, engine: target.jobEngine,
                    options: [:], variables: variables,
                    environment: environment, required: target.isRequired)
            ) { names in Dictionary(uniqueKeysWithValues: names.map { ($0, [$0]) }) }
        }
        return PlanInputs(
            matrix: matrix, profiles: profiles, sources: [[0]: try SmallRepository(opamFiles, files: files)],
            today: CalendarDate(today)!)
    }

    func planning() async throws -> PlanOutput {
        try await Planner(inputs()).plan()
    }
}

extension PlanOutput {
    /// The documents of a plan that was made from nothing.
    var documents: PlanDocuments {
        get throws { try documents(over: nil) }
    }

    /// The documents of the plan, of which those that did not change are in a snapshot.
    func documents(over base: Snapshot?) throws -> PlanDocuments {
        try PlanDocuments(update, over: isIncremental ? base : nil)
    }

    /// A plan that was made from nothing.
    var plan: Plan {
        get throws {
            #expect(!isIncremental)
            return Plan(
                deployment: header.deployment, repositories: header.repositories, targets: header.targets,
                tasks: update.tasks.sorted { ($0.target, $0.compiler) < ($1.target, $1.compiler) },
                cells: update.shards.flatMap(\.cells).sorted { $0.cell < $1.cell },
                jobs: try Dictionary(
                    uniqueKeysWithValues: update.addedJobs.map {
                        ($0.id, try CanonicalJSON.decode(Job.self, from: Data($0.document)))
                    }), sources: header.sources ?? [:])
        }
    }

    /// The files of all packages that have jobs, by digest.
    var files: [Digest: PackageFiles] {
        Dictionary(uniqueKeysWithValues: update.addedPackages.map { ($0.digest, $0.files) })
    }
}

extension Plan {
    func cell(_ name: String) -> PlannedCell? {
        cells.first { $0.cell.description == name }
    }

    /// The build job of a cell.
    func build(_ name: String) -> Digest? {
        if case .jobs(let build, _)? = cell(name)?.basis { build } else { nil }
    }

    func test(_ name: String) -> Digest? {
        if case .jobs(_, let test)? = cell(name)?.basis { test } else { nil }
    }

    /// The packages that a job is built over directly, as text.
    func inputs(_ id: Digest?) -> [String] {
        (id.flatMap { jobs[$0] }?.inputs ?? []).compactMap { jobs[$0]?.package.description }.sorted()
    }
}
