internal import Core
internal import Foundation
internal import PluginHost

/// The files of a new plugin, which builds and passes all checks before its author writes a line.
package struct PluginSkeleton: Sendable {
    /// The language of the source.
    package enum Language: String, Sendable, CaseIterable {
        case swift, c
    }

    /// The kinds of environments of a plugin.
    package enum Kind: String, Sendable, CaseIterable {
        /// Root file systems created by the worker, for sandboxes.
        case root
        /// Machines reached by ssh.
        case ssh
    }

    /// The distribution's own spelling of its name: `Haiku`.
    package let name: String
    /// The language of the source.
    package let language: Language
    /// The kind of environments.
    package let kind: Kind
    /// The location of ciso's package: a path, or the URL of a git repository.
    package let ciso: String

    /// - Throws: `Failure` if `name` cannot be the name of a plugin, or a plugin in C has no path to the header.
    package init(name: String, language: Language, kind: Kind = .ssh, ciso: String) throws {
        let letters = name.utf8.allSatisfy(isLetterOrDigit)
        guard letters, let first = name.unicodeScalars.first, first.properties.isAlphabetic, name.utf8.count <= 40
        else {
            throw Failure(
                .input, "'\(name)': expected up to 40 letters and digits, the first a letter",
                hint: "the plugin's file is named libCiso\(name.filter { $0.isLetter || $0.isNumber }).so")
        }
        self.name = name.prefix(1).uppercased() + name.dropFirst()
        self.language = language
        self.kind = kind
        self.ciso = ciso
        if language == .c, isURL {
            throw Failure(.input, "a plugin in C needs PluginABI.h: expected a path to ciso's sources, found '\(ciso)'")
        }
    }

    /// The name by which ciso identifies the plugin.
    package var pluginName: String { name.lowercased() }

    /// The command that builds it, and the path of the result, relative to its directory.
    package var build: (command: String, file: String) {
        switch language {
        case .swift: ("swift build", ".build/debug/libCiso\(name).so")
        case .c: ("sh build.sh", "libCiso\(name).so")
        }
    }

    /// The contents of the files by path.
    ///
    /// - Throws: `Failure` if ciso's sources cannot be read.
    package func files() throws -> [String: String] {
        switch language {
        case .swift:
            [
                "Package.swift": manifest,
                "Sources/Ciso\(name)/\(name).swift": kind == .root ? rootSource : swiftSource, "README.md": readMe,
                ".gitignore": ".build/\n",
            ]
        case .c:
            try ["\(pluginName).c": cSource(), "build.sh": buildScript, "README.md": readMe, ".gitignore": "*.so\n"]
        }
    }

    /// Writes the files into a new directory.
    ///
    /// - Throws: `Failure` if it exists already or cannot be written.
    package func write(to directory: String) throws {
        guard !FileManager.default.fileExists(atPath: directory) else {
            throw Failure(.input, "\(directory): it exists already", hint: "name another directory with --output")
        }
        do {
            for (path, contents) in try files().sorted(by: { $0.key < $1.key }) {
                let url = URL(fileURLWithPath: "\(directory)/\(path)")
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(contents.utf8).write(to: url)
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(.unavailable, "\(directory): cannot be written: \(systemReason(of: error) ?? "\(error)")")
        }
    }

    private var isURL: Bool { ciso.contains("://") || ciso.hasPrefix("git@") }
}
