import Core
import Foundation
import Model
import TestSupport
import Testing

/// Maintainers, tags and addresses of opam files that are blank or odd, in commands and pages.
@Suite struct PeopleTests {
    /// Two people without an address, one with a blank and one with an odd one.
    private static func history() async throws -> RunHistory {
        let history = try RunHistory(
            [
                "blank.1":
                    #"depends: "ocaml" maintainer: ["" "  " "\u{200B}"] tags: ["" " "] bug-reports: "" dev-repo: """#,
                "ann.1": #"depends: "ocaml" maintainer: "Ann <>""#,
                "bob.1": #"depends: "ocaml" maintainer: "Bob < >" tags: ["" "org:mirage"]"#,
                "odd.1": #"depends: "ocaml" maintainer: "<script>alert(1)</script> <../../x y@z>""#,
            ], asked: "blank, ann, bob, odd")
        try await history.run(["blank": .success, "ann": .failure, "bob": .success, "odd": .success])
        return history
    }

    @Test func hintsListOnlyMaintainersThatAreNotBlank() async throws {
        let history = try await Self.history()
        let mine = try history.ci("mine", "nobody")
        #expect(mine.status == 2)
        #expect(mine.messages.contains("maintainers are <script>"), "\(mine.messages)")
        #expect(mine.messages.contains("Ann <>, Bob < >"), "\(mine.messages)")
        #expect(try history.ci("results", "tag:none").messages.contains("tags are org:mirage"))
        #expect(try history.ci("mine", "ann").output.contains("1 package, 1 bad cell"))
        #expect(try !history.ci("mine", "*").output.contains("blank.1"))
        #expect(try history.ci("mine", "").status == 2)
    }

    @Test func peopleWithoutAnAddressHavePagesOfTheirOwn() async throws {
        let history = try await Self.history()
        #expect(try history.ci("report", "--output", "pages").status == 0)
        let list = history.directory.read("pages/maintainers.html") ?? ""
        #expect(list.contains(">Ann &lt;&gt;</a>") && list.contains(">Bob &lt; &gt;</a>"), "\(list)")
        #expect(list.contains("<small>3</small>") && !list.contains("<script>alert"), "\(list)")
        let blank = history.directory.read("pages/packages/blank.html") ?? ""
        #expect(blank.contains("<h1>blank</h1>") && !blank.contains("<dt>"), "\(blank)")
        // Every page and feed is below the directory, and every link leads to one.
        let files = try history.directory.files(below: "pages")
        let links = list.matches(of: /<a href="(maintainers\/[^"]*)"/).map { String($0.1) }
        #expect(links.count == 3)
        for link in links {
            #expect(files.contains(link.removingPercentEncoding ?? ""), "\(link)")
            let feed = "feeds/" + (link.removingPercentEncoding ?? "").replacing(".html", with: ".xml")
            #expect(files.contains(feed), "\(feed)")
        }
    }
}
