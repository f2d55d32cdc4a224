import Foundation
import Testing

/// The floors of docs/ARCHITECTURE.md are respected: modules import downwards only, and every declared dependency is
/// used.
@Suite struct FloorTests {
    private let tree = SourceTree()

    /// The modules of each floor, the highest floor first: the lines of the block `floors` of docs/ARCHITECTURE.md.
    private func floors() throws -> [[String]] {
        let page = try tree.text("docs/ARCHITECTURE.md")
        let block = try #require(page.firstMatch(of: /```floors\n([^`]*)```/)).1
        return block.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }

    private func modules() throws -> [String] {
        let sources = tree.root.appending(path: "Sources").path
        // The server is a package of its own.
        return try FileManager.default.contentsOfDirectory(atPath: sources).sorted()
            .filter { !FileManager.default.fileExists(atPath: "\(sources)/\($0)/Package.swift") }
    }

    @Test func everyModuleIsOnOneFloor() throws {
        #expect(try floors().flatMap { $0 }.sorted() == modules())
    }

    @Test func modulesImportDownwardsOnly() throws {
        let floors = try floors()
        let floorOf = Dictionary(
            uniqueKeysWithValues: floors.enumerated().flatMap { floor, names in names.map { ($0, floor) } })
        for (name, floor) in floorOf {
            for file in tree.files(in: "Sources/\(name)") {
                for (imported, line) in file.imports {
                    guard let other = floorOf[imported], imported != name else { continue }
                    #expect(other > floor, "\(file.path):\(line): \(name) imports \(imported), which is not below it")
                }
            }
        }
    }

    @Test func declaredDependenciesAreThoseImported() throws {
        let manifest = Manifest(try tree.text("Package.swift"))
        let modules = try Set(modules())
        for name in modules {
            let files = tree.files(in: "Sources/\(name)")
            guard !files.isEmpty else { continue }
            let declared = try #require(manifest.dependencies[name], "Package.swift: no target '\(name)'")
            let imported = Set(files.flatMap { $0.imports.map(\.module) }).intersection(modules).subtracting([name])
            #expect(Set(declared).intersection(modules) == imported, "Package.swift: dependencies of '\(name)'")
        }
    }

    /// The server's package declares the modules that it uses again.
    @Test func dependenciesOfTheServersModulesAreThoseOfTheModules() throws {
        let (own, server) = try (
            Manifest(tree.text("Package.swift")), Manifest(tree.text("Sources/ciso-serve/Package.swift"))
        )
        let modules = try Set(modules())
        for (name, declared) in server.dependencies where modules.contains(name) {
            #expect(
                Set(declared).intersection(modules) == Set(own.dependencies[name] ?? []).intersection(modules),
                "Sources/ciso-serve/Package.swift: dependencies of '\(name)'")
        }
    }

    @Test func oneFileImportsEachCLibrary() {
        let files = tree.files(in: "Sources")
        for library in ["CArchive", "CCrypto", "CCurl", "CGit2", "CYAML", "CZlib"] {
            let importing = files.filter { $0.imports.contains { $0.module == library } }.map(\.path)
            #expect(importing.count == 1, "\(library) is imported by \(importing)")
        }
    }
}
