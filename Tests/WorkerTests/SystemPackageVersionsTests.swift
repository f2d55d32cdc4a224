import Testing

@testable import Worker

@Suite struct SystemPackageVersionsTests {
    @Test func linesOfNamesAndVersionsAreSorted() {
        let printed = Array("zlib1g-dev 1:1.2.13\nlibgmp-dev 2:6.2.1+dfsg1-1.1\nlibgmp-dev  2:6.2.1+dfsg1-1.1\n".utf8)
        #expect(
            SystemPackageLayers.versions(printed: printed) == ["libgmp-dev 2:6.2.1+dfsg1-1.1", "zlib1g-dev 1:1.2.13"])
    }

    @Test(arguments: [
        "", "libgmp-dev\n", "a 1\ndpkg-query: no packages found\n", "a \(String(repeating: "1", count: 600))\n",
    ])
    func anythingElseIsNoList(printed: String) {
        #expect(SystemPackageLayers.versions(printed: Array(printed.utf8)) == nil)
    }
}
