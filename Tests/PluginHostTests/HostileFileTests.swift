import Core
import Foundation
import Testing

@testable import PluginHost

/// The error for a file that is not a plugin of this ABI, field by field: expected, found, remedy.
@Suite struct HostileFileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var macros: [String: String]
        var message: String
        var hint: String
    }

    static let descriptors = [
        Case(
            testDescription: "magic", macros: ["MAGIC": "0xDEADBEEF"],
            message: "magic: expected 0x4F534943, found 0xDEADBEEF", hint: "build it again against"),
        Case(
            testDescription: "ABI from the future", macros: ["ABI": "2"],
            message: "ABI version: expected 1 to 1, found 2",
            hint: "use a ciso that knows ABI version 2"),
        Case(
            testDescription: "ABI before the first", macros: ["ABI": "0"],
            message: "ABI version: expected 1 to 1, found 0",
            hint: "build it again against"),
        Case(
            testDescription: "small descriptor", macros: ["SIZE": "16"],
            message: "size of the descriptor: expected at least 48 bytes, found 16", hint: "build it again against"),
        Case(
            testDescription: "no name", macros: ["NAME": "0"], message: "name: expected text of 1 to 63 bytes",
            hint: "build it again against"),
        Case(
            testDescription: "long version", macros: ["VERSION": "\"\(String(repeating: "9", count: 64))\""],
            message: "version: expected text of 1 to 63 bytes", hint: "build it again against"),
        Case(
            testDescription: "no call", macros: ["CALL": "0"], message: "call: expected a function, found NULL",
            hint: "build it again against"),
        Case(
            testDescription: "no release", macros: ["RELEASE": "0"],
            message: "release: expected a function, found NULL",
            hint: "build it again against"),
        Case(
            testDescription: "another name", macros: ["NAME": "\"debian\""],
            message: "name: expected 'hostile' as the file's name says, found 'debian'",
            hint: "rename the file to libCisodebian.so"),
        Case(
            testDescription: "no symbol", macros: ["SYMBOL": "ciso_plugin_entrance"],
            message: "expected the symbol ciso_plugin_entry, found none", hint: "export ciso_plugin_entry"),
        Case(
            testDescription: "declined", macros: ["ENTRY": "return 0;"], message: "ciso_plugin_entry returned NULL",
            hint: "build it again against"),
        Case(
            testDescription: "crash while it is loaded", macros: ["CONSTRUCTOR": "abort()"],
            message: "loading plugin 'hostile': the plugin crashed with SIGABRT", hint: "ci plugin check"),
        Case(
            testDescription: "wild name", macros: ["NAME": "((char*)8)"], message: "the plugin crashed with SIGSEGV",
            hint: "ci plugin check"),
        Case(
            testDescription: "hang while it is loaded", macros: ["CONSTRUCTOR": "pause()"],
            message: "no answer within 1 s",
            hint: "ci plugin check"),
        Case(
            testDescription: "missing library",
            macros: ["ENTRY": "extern int no_such_function(void);no_such_function();"],
            message: "the file cannot be loaded:", hint: "every library that it needs"),
    ]

    @Test(arguments: descriptors) func invalidDescriptorsAreReported(wrong: Case) async throws {
        let builder = try PluginBuilder()
        let file = try builder.hostile("Hostile", wrong.macros)
        let failure = await failure(
            of: try await Plugin.load(
                file, limits: PluginLimits(time: .seconds(wrong.macros["CONSTRUCTOR"] == "pause()" ? 1 : 20))))
        #expect(failure?.diagnostics.first?.message.contains(wrong.message) == true, "\(failure?.description ?? "")")
        #expect(failure?.diagnostics.first?.hint?.contains(wrong.hint) == true, "\(failure?.description ?? "")")
        #expect(failure?.diagnostics.first?.message.hasPrefix(file.path) == true)
    }

    @Test func filesThatAreNoSharedObjectsAreReported() async throws {
        let builder = try PluginBuilder()
        let whole = try #require(FileManager.default.contents(atPath: builder.hostile().path))
        var foreign = whole
        foreign[18] = 0xF3  // e_machine: RISC-V
        let files = [
            try builder.file("Empty", Data()), try builder.file("Text", Data("#!/bin/sh\n".utf8)),
            try builder.file("Foreign", foreign),
        ]
        for file in files {
            let failure = await failure(of: try await Plugin.load(file))
            #expect(
                failure?.description.contains("the file cannot be loaded: ") == true, "\(failure?.description ?? "")")
        }
        // The loader itself may crash on a truncated file.
        let cut = await failure(of: try await Plugin.load(try builder.file("Cut", whole.prefix(5000))))
        #expect(cut?.description.contains("loading plugin 'cut': ") == true)
        let absent = try #require(PluginFile(path: "\(builder.directory)/libCisoAbsent.so"))
        let failure = await failure(of: try await Plugin.load(absent))
        #expect(failure?.description.contains("the file cannot be read") == true)
    }

    @Test func aMissingChildProgramIsReported() async throws {
        let builder = try PluginBuilder()
        let file = try builder.hostile()
        let failure = await failure(
            of: try await Plugin.load(file, host: PluginHostProgram(path: "\(builder.directory)/none")))
        #expect(failure?.category == .unavailable)
        #expect(failure?.description.contains("the child process could not be started") == true)
    }
}
