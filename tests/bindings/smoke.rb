# SPDX-FileCopyrightText: 2026 The GLockFile authors
# SPDX-License-Identifier: LGPL-2.1-or-later

# What Ruby has of the library through its gobject-introspection, which knows nothing
# but the typelib.

require 'gobject-introspection'
require 'tmpdir'

module GLockFile
  GObjectIntrospection::Loader.load('GLockFile', self)
end

def check(truth, message = 'assertion failed')
  raise message unless truth
end

def check_fails(kind)
  yield
rescue GLockFile::LockFileError => error
  check(error.is_a?(kind), "#{error.class}: #{error}")
  check(!error.message.empty?)
else
  raise "did not fail with #{kind}"
end

tests = {
  'lock-and-unlock' => lambda do |path|
    lock = GLockFile::LockFile.new(path)
    seen = []
    lock.signal_connect('notify::locked') { seen << lock.locked? }
    check(lock.file_name == path && lock.stale_lock_time == 30_000 && !lock.locked?)
    check(lock.lock)
    check(lock.locked? && File.exist?(path) && lock.verify)
    check(lock.unlock)
    check(!lock.locked? && !File.exist?(path))
    check(seen == [true, false], seen.inspect)
  end,

  'errors-are-classes' => lambda do |path|
    lock = GLockFile::LockFile.new(path)
    check_fails(GLockFile::LockFileError::NotFound) { lock.query_info }
    check(lock.try_lock(0))
    check_fails(GLockFile::LockFileError::Locked) { GLockFile::LockFile.new(path).try_lock(10) }
    File.unlink(path)
    check_fails(GLockFile::LockFileError::Lost) { lock.unlock }
  end,

  'query-info' => lambda do |path|
    lock = GLockFile::LockFile.new(path)
    check(lock.lock)
    info = lock.query_info
    check(info.pid == Process.pid)
    check(info.holder_state == GLockFile::LockFileHolderState::RUNNING)
    check(info.token && info.describe.include?(info.app_name))
    check(lock.previous_holder.nil?)
    check(lock.unlock)
  end,

  'async' => lambda do |path|
    lock = GLockFile::LockFile.new(path)
    loop = GLib::MainLoop.new
    locked = nil
    lock.lock_async(GLib::PRIORITY_DEFAULT) do |source, result|
      locked = source.lock_finish(result)
      loop.quit
    end
    loop.run
    check(locked && lock.locked?)
    check(lock.unlock)
  end,

  'lost' => lambda do |path|
    lock = GLockFile::LockFile.new(path)
    loop = GLib::MainLoop.new
    losses = []
    lock.signal_connect('lost') do |_, error|
      losses << error
      loop.quit
    end
    check(lock.lock)
    File.unlink(path)
    loop.run
    check(!lock.locked?)
    check(losses.first.is_a?(GLockFile::LockFileError::Lost), losses.inspect)
  end
}

failed = 0
puts "1..#{tests.size}"
tests.each_with_index do |(name, test), index|
  Dir.mktmpdir('glockfile-ruby-') { |folder| test.call(File.join(folder, 'lock')) }
  puts "ok #{index + 1} #{name}"
rescue StandardError => error
  failed += 1
  warn error.full_message
  puts "not ok #{index + 1} #{name}"
end
exit(failed.zero?)
