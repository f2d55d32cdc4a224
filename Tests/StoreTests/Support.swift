import Foundation
import Store
import TestSupport
import Testing

/// Demands that stock git finds nothing wrong; a HEAD without commits is no fault.
///
/// Looks again where packs came or went meanwhile: of one that is put together with others under its hands git says that
/// it is gone.
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

/// Gives each object a file of its own, as stock git does with what it writes.
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

/// A folder that is gone when `body` ends.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = try TemporaryDirectory()
    return try body(folder.path)
}

/// A folder that is gone when `body` ends.
func withAsyncFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = try TemporaryDirectory()
    return try await body(folder.path)
}

/// The branch that most tests write to.
let main = try! Branch("main")
