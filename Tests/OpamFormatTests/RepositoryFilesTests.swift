import OpamFormat
import TestSupport
import Testing

/// Every opam file that people have published is read without an error, and survives printing.
@Suite(.enabled(if: SharedRepository.isPresent, "needs ../shared/opam-repository.git.tar"))
struct RepositoryFilesTests {
    @Test func filesParseAndHaveNoProblems() throws {
        #expect(SharedRepository.files.count > 900)
        for (path, bytes) in SharedRepository.files {
            let file = try OpamFile(parsing: bytes, file: path)
            let problems = file.problems()
            #expect(problems.isEmpty, "\(path)")
        }
    }

    @Test func printingThenParsingGivesTheSame() throws {
        for (path, bytes) in SharedRepository.files {
            let tree = try SyntaxTree(parsing: bytes, file: path)
            let printed = Printer.text(of: tree)
            let again = try SyntaxTree(parsing: Array(printed.utf8), file: path)
            #expect(tree.items == again.items, "\(path)")
        }
    }

    /// Formulas and filters print as an opam file writes them.
    @Test func formulasSurvivePrinting() throws {
        for (path, bytes) in SharedRepository.files {
            let file = try OpamFile(parsing: bytes, file: path)
            let printed = """
                depends: [\(file.depends)]
                depopts: [\(file.depopts)]
                conflicts: [\(file.conflicts)]
                available: \(file.available)
                """
            let again = try OpamFile(parsing: printed, file: path)
            #expect(again.problems().isEmpty, "\(path)")
            #expect(again.depends == file.depends, "\(path)")
            #expect(again.depopts == file.depopts, "\(path)")
            #expect(again.conflicts == file.conflicts, "\(path)")
            #expect(again.available == file.available, "\(path)")
        }
    }
}
