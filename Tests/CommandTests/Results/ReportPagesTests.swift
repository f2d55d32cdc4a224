import Foundation
import TestSupport
import Testing

/// The pages that `ci report` writes, of a recorded deployment.
@Suite struct ReportPagesTests {
    private static let report = Task { () -> (directory: TemporaryDirectory, pages: [String: String]) in
        let fixture = try await RecordedStore()
        #expect(try fixture.run("report", "--output", "site").status == 0)
        let files = try fixture.directory.files(below: "site")
        let pages = files.filter { $0.hasSuffix(".html") }.map { ($0, fixture.directory.read("site/\($0)") ?? "") }
        return (fixture.directory, Dictionary(uniqueKeysWithValues: pages))
    }

    /// The values of an attribute, in the order of the page.
    private func values(of attribute: String, in text: String) -> [String] {
        text.components(separatedBy: " \(attribute)=\"").dropFirst().compactMap {
            $0.components(separatedBy: "\"").first
        }
    }

    /// Every reference leads to a file of the report, and to an element there.
    @Test func referencesLeadSomewhere() async throws {
        let (directory, pages) = try await Self.report.value
        let files = Set(try directory.files(below: "site"))
        let elements = pages.mapValues { Set(values(of: "id", in: $0)) }
        for (name, text) in pages {
            for reference in Set(values(of: "href", in: text) + values(of: "src", in: text)) {
                let parts = reference.split(separator: "#", omittingEmptySubsequences: false).map {
                    $0.removingPercentEncoding ?? ""
                }
                var components = name.split(separator: "/").dropLast().map(String.init)
                for part in parts[0].split(separator: "/") {
                    if part == ".." { components.removeLast() } else { components.append(String(part)) }
                }
                // The address of a style sheet ends with a question mark and its digest.
                let file = components.joined(separator: "/").split(separator: "?").first.map(String.init) ?? ""
                let page = parts[0].isEmpty ? name : file
                #expect(files.contains(page), "\(name) refers to \(reference)")
                // A fragment of the grid is a filter.
                if parts.count == 2, !parts[1].isEmpty, page != "grid.html" {
                    #expect(elements[page]?.contains(parts[1]) == true, "\(name) refers to \(reference)")
                }
            }
        }
    }

    /// Only scripts from files of the report run, and no page loads anything from another machine.
    @Test func noPageHasScriptsOrStylesOfItsOwn() async throws {
        for (name, text) in try await Self.report.value.pages {
            for script in text.matches(of: /<script([^>]*)>/) {
                #expect(script.output.1.contains("src=") || script.output.1.contains("application/json"), "\(name)")
            }
            #expect(text.firstMatch(of: /<style| style="| on[a-z]+="|(?:href|src)="[a-z]+:/) == nil, "\(name)")
        }
    }

    @Test func everyCellIsOnThePageOfItsPackage() async throws {
        let pages = try await Self.report.value.pages
        for package in ["good.1", "bad.1", "top.1", "tested.1", "lost.1", "waiting.dev"] {
            let name = package.prefix { $0 != "." }
            #expect(pages["packages/\(name).html"]?.contains("id=\"debian-12_4.13.1_\(package)\"") == true)
        }
        #expect(pages["cells/debian-12/4.13.1/bad.1.html"] != nil)
        #expect(pages["index.html"]?.contains("1 of 6") == false)
    }

    /// A page that is equal is not written again; one that is not, is.
    @Test func onlyWhatChangedIsWrittenAgain() async throws {
        let fixture = try await RecordedStore()
        #expect(try fixture.run("report", "--output", "site").status == 0)
        let before = try Dictionary(
            uniqueKeysWithValues: fixture.directory.files(below: "site").map {
                ($0, try inode(fixture.directory("site/\($0)")))
            })
        try fixture.directory.write("changed", to: "site/index.html")
        #expect(try fixture.run("report", "--output", "site").status == 0)
        for (file, inode) in before where file != "index.html" {
            #expect(try self.inode(fixture.directory("site/\(file)")) == inode, "\(file) was written again")
        }
        #expect(fixture.directory.read("site/index.html") != "changed")
    }

    private func inode(_ path: String) throws -> UInt64 {
        try #require(FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? UInt64)
    }
}
