internal import Core
internal import Foundation
internal import PluginHost

/// The files of a new plugin, which builds and conforms before its author writes a line.
package struct PluginSkeleton: Sendable {
    /// The language of the source.
    package enum Language: String, Sendable, CaseIterable {
        case swift, c
    }

    /// Where a plugin's environments are.
    package enum Kind: String, Sendable, CaseIterable {
        /// Root file systems that the worker makes, for sandboxes.
        case root
        /// Machines reached by ssh.
        case ssh
    }

    /// As the distro writes itself: `Haiku`.
    package let name: String
    /// The language of the source.
    package let language: Language
    /// What the plugin describes: root file systems or hosts.
    package let kind: Kind
    /// Where ciso's package is: a path, or a URL of git.
    package let ciso: String

    /// - Throws: `Failure` if `name` cannot be the name of a plugin, or a plugin in C has no path to find the header.
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

    /// The name that ciso knows the plugin by.
    package var pluginName: String { name.lowercased() }

    /// How it is built and where its file is then, below its directory.
    package var build: (command: String, file: String) {
        switch language {
        case .swift: ("swift build", ".build/debug/libCiso\(name).so")
        case .c: ("sh build.sh", "libCiso\(name).so")
        }
    }

    /// Contents by path.
    ///
    /// - Throws: `Failure` if ciso's sources are not where they should be.
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
