import Archive
import Core
import Foundation
import Model
import OpamFormat
import Supervision
import System

/// An opam repository in a directory with one version of each package, and the jobs that build it.
struct RepositoryDirectory {
    struct Entry {
        var package: PackageVersion
        var files: PackageFiles
        var opam: OpamFile
    }

    let entries: [String: Entry]

    init(_ directory: URL, leavingOut left: Set<String> = []) throws {
        var entries: [String: Entry] = [:]
        let manager = FileManager.default
        for name in try manager.contentsOfDirectory(atPath: directory.appending(path: "packages").path) {
            let directory = directory.appending(path: "packages/\(name)")
            for version in try manager.contentsOfDirectory(atPath: directory.path) where !left.contains(version) {
                guard let package = PackageVersion(version) else { continue }
                let bytes = Array(try Data(contentsOf: directory.appending(path: "\(version)/opam")))
                let files = PackageFiles(
                    opam: bytes, files: try Self.files(in: directory.appending(path: "\(version)/files")))
                entries[name] = Entry(
                    package: package, files: files, opam: try OpamFile(parsing: bytes, file: "\(version)/opam"))
            }
        }
        self.entries = entries
    }

    private static func files(in directory: URL, below parent: FilePath = "") throws -> [FilePath: [UInt8]] {
        var files: [FilePath: [UInt8]] = [:]
        for name in entryNames(of: FilePath(directory.path)) ?? [] {
            files[parent.appending(name)] = bytes(of: FilePath(directory.path).appending(name))
        }
        return files
    }

    /// The inputs of a package: dependencies in the repository that are not only `post`, and its optional dependencies
    /// in the repository.
    func inputs(of name: String, on target: Plan.Target, among wanted: Set<String>? = nil, withOptional: Bool = true)
        -> [String]
    {
        guard let entry = entries[name] else { return [] }
        let environment: Environment = { variable in
            variable.name == "version"
                ? .string(entry.package.version) : target.variables[variable.name].map { .string($0) }
        }
        var scope = DependencyScope()
        scope.post = false
        let fields = [entry.opam.depends] + (withOptional ? [entry.opam.depopts] : [])
        let needs = fields.flatMap {
            $0.filtered(in: environment, scope: scope).atoms
        }
        return Set(
            needs.filter { need in
                guard let found = entries[need.name.text], wanted?.contains(need.name.text) ?? true else {
                    return false
                }
                return need.versions.allows(Version(unchecked: found.package.version))
            }.map(\.name.text)
        ).sorted()
    }

    /// All that `names` require, without optional dependencies.
    func requirements(of names: [String], on target: Plan.Target) -> Set<String> {
        var found: Set<String> = []
        var left = names
        while let name = left.popLast() {
            guard found.insert(name).inserted else { continue }
            left += inputs(of: name, on: target, withOptional: false)
        }
        return found
    }

    /// All that `names` reach, dependencies first.
    func closure(of names: [String], on target: Plan.Target, among wanted: Set<String>? = nil) -> [String] {
        var order: [String] = []
        var seen: Set<String> = []
        func visit(_ name: String) {
            guard seen.insert(name).inserted else { return }
            inputs(of: name, on: target, among: wanted).forEach(visit)
            order.append(name)
        }
        names.forEach(visit)
        return order
    }
}
