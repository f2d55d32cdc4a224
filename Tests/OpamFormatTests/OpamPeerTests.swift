import Foundation
import OpamFormat
import TestSupport
import Testing

/// The opam program as a second opinion.
@Suite(.enabled(if: OpamProgram.path != nil, "needs the program opam"))
struct OpamPeerTests {
    /// opam reads a file and writes it in its own layout: both have the same values, field by field.
    @Test(.enabled(if: SharedRepository.isPresent, "needs ../shared/opam-repository.git.tar"))
    func filesRewrittenByOpamAreEquivalent() throws {
        let directory = try TemporaryDirectory()
        let step = LongForm.isWanted ? 20 : 30
        for (offset, (path, bytes)) in SharedRepository.files.enumerated() where offset % step == 0 {
            let file = directory.url.appending(path: "opam")
            try Data(bytes).write(to: file)
            let normalised = try OpamProgram.run(["lint", "--normalise", file.path], in: directory)
            let ours = try OpamFile(parsing: bytes, file: path)
            let theirs = try OpamFile(parsing: normalised, file: "\(path) by opam")
            try compare(ours, theirs, "\(path)")
        }
    }

    private func compare(_ ours: OpamFile, _ theirs: OpamFile, _ path: Comment) throws {
        #expect(ours.depends == theirs.depends, path)
        #expect(ours.depopts == theirs.depopts, path)
        #expect(ours.conflicts == theirs.conflicts, path)
        #expect(ours.available.flattened == theirs.available.flattened, path)
        #expect(ours.conflictClasses == theirs.conflictClasses, path)
        // opam before 2.2 does not support the flag, and omits it.
        #expect(Set(ours.flags).subtracting(["deprecated"]) == Set(theirs.flags).subtracting(["deprecated"]), path)
        #expect(ours.build.map(\.flattened) == theirs.build.map(\.flattened), path)
        #expect(ours.install.map(\.flattened) == theirs.install.map(\.flattened), path)
        #expect(ours.runTest.map(\.flattened) == theirs.runTest.map(\.flattened), path)
        #expect(ours.patches == theirs.patches, path)
        #expect(ours.substs == theirs.substs, path)
        #expect(ours.url == theirs.url, path)
        #expect(Set(ours.extraSources) == Set(theirs.extraSources), path)
        #expect(ours.extraFiles == theirs.extraFiles, path)
        #expect(ours.environment == theirs.environment, path)
        #expect(ours.synopsis ?? "" == theirs.synopsis ?? "", path)
        #expect(ours.longDescription ?? "" == theirs.longDescription ?? "", path)
        #expect(ours.authors == theirs.authors, path)
        #expect(
            ours.depexts.map { Set($0.element) } == theirs.depexts.map { Set($0.element) }, path)
    }

    /// opam expands variables the same way.
    @Test func textsExpandAsInOpam() throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(
            at: directory.url.appending(path: "repository/packages"), withIntermediateDirectories: true)
        try directory.write("opam-version: \"2.0\"\n", to: "repository/repo")
        _ = try OpamProgram.run(
            ["init", "--bare", "--no-setup", "--disable-sandboxing", "-y", "default", "repository"], in: directory)
        _ = try OpamProgram.run(["switch", "create", "x", "--empty", "-y"], in: directory)
        let texts = [
            "plain", "%{os}%", "a%{os}%b", "%{a:enable}%", "%{a+b:enable}%", "%{a:installed}%", "%{unknown}%",
            "%{a:installed?yes:no}%", "%{unknown?yes:no}%", "%%", "100%", "%", "%{os", "a%{os b", "%{unknown}%%{os}%",
            "%{os}}%", "a%{os}}%b", "%{os}}%%{os}%", "%%{os}%", "%{}%", "}%", "%{os}%%", "%%%{os}%%%",
            "%{a:installed?x y:z z}%", "%{os?a:b}%",
        ]
        let environment: Environment = { variable in
            switch variable.description {
            case "os": .string("linux")
            case "a:installed", "b:installed": .bool(false)
            default: nil
            }
        }
        for text in texts {
            let expected = try OpamProgram.run(["config", "expand", text], in: directory)
            #expect(Interpolation.expand(text, in: environment) + "\n" == expected, "\(text)")
        }
    }
}

extension Filter {
    /// Without groups that repeat their operator, which opam does not write again.
    fileprivate var flattened: Filter {
        switch self {
        case .and(let parts):
            .and(
                parts.map(\.flattened).flatMap { part in
                    if case .and(let inner) = part { inner } else { [part] }
                })
        case .or(let parts):
            .or(
                parts.map(\.flattened).flatMap { part in
                    if case .or(let inner) = part { inner } else { [part] }
                })
        case .not(let operand): .not(operand.flattened)
        case .defined(let operand): .defined(operand.flattened)
        default: self
        }
    }
}

extension Command {
    fileprivate var flattened: Command {
        Command(arguments.map { Filtered($0.element, if: $0.filter?.flattened) }, if: filter?.flattened)
    }
}

/// Runs opam with a root of its own.
enum OpamProgram {
    static let path: String? = {
        let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return directories.map { "\($0)/opam" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// opam's standard output, whatever its exit code.
    static func run(_ arguments: [String], in directory: TemporaryDirectory) throws -> String {
        let own = ["OPAMROOT": directory("root"), "OPAMROOTISOK": "1", "OPAMCOLOR": "never"]
        let environment = ProcessInfo.processInfo.environment.merging(own) { $1 }
        return try Program([path ?? "opam"] + arguments, in: directory.path, environment: environment).run().output
    }
}
