import Foundation
import Store
import TestSupport
import Testing

/// Requires that stock git finds no problem; a HEAD without commits is not an error.
///
/// Repeats the check if packs were added or removed in the meantime: if a pack is merged with others during the check,
/// git reports it as missing.
func expectClean(_ path: String) throws {
    while true {
        let packs = Set(files(endingIn: ".idx", below: path + "/objects/pack"))
        do {
            let complaints = try git("fsck", "--strict", "--full", "--no-dangling", at: path, isJoined: true)
                .split(separator: "\n")
            #expect(complaints.filter { !$0.hasPrefix("notice: HEAD points to an unborn branch") } == [])
            return
        } catch  where Set(files(endingIn: ".idx", below: path + "/objects/pack")) != packs {}
    }
}

/// Writes each object to a separate file, like stock git.
func makeLoose(_ path: String) throws {
    let packs = path + "/objects/pack"
    let aside = path + "/packs-aside"
    try FileManager.default.moveItem(atPath: packs, toPath: aside)
    try FileManager.default.createDirectory(atPath: packs, withIntermediateDirectories: true)
    for pack in files(endingIn: ".pack", below: aside) {
        try Program(["sh", "-c", #"git -C "$1" unpack-objects -q < "$2""#, "sh", path, "\(aside)/\(pack)"]).output()
    }
    try FileManager.default.removeItem(atPath: aside)
}

/// A directory that is removed when `body` ends.
func withDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    let directory = try TemporaryDirectory()
    return try body(directory.path)
}

/// A directory that is removed when `body` ends.
func withAsyncDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let directory = try TemporaryDirectory()
    return try await body(directory.path)
}

/// The branch that most tests write to.
let main = try! Branch("main")
