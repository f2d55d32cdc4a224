import Core
import Testing
import YAML

@Suite struct FlatMappingTests {
    private func read(_ text: String) throws -> FlatMapping {
        try FlatMapping(SourceText(file: "ciso.yaml", bytes: Array(text.utf8)), keys: ["store", "jobs"])
    }

    @Test func valuesHaveLocations() throws {
        let mapping = try read("store: /srv/ci\njobs: 4\n")
        #expect(mapping.entries["jobs"]?.text == "4")
        #expect(mapping.entries["jobs"]?.location.description == "ciso.yaml:2:7")
    }

    @Test func anEmptyFileSetsNothing() throws {
        #expect(try read("# nothing\n").entries.isEmpty)
    }

    @Test func everyMistakeIsReported() throws {
        let failure = #expect(throws: Failure.self) { try read("stor: x\njobs: [1]\n") }
        #expect(
            failure?.diagnostics.map(\.message) == [
                "unknown setting 'stor'", "'jobs' must be a text, found a list",
            ])
        #expect(failure?.diagnostics.first?.hint == "did you mean 'store'?")
    }
}
