-- SPDX-FileCopyrightText: 2026 The GLockFile authors
-- SPDX-License-Identifier: LGPL-2.1-or-later

-- What Lua has of the library through LGI, which knows nothing but the typelib.

local lgi = require 'lgi'
local GLockFile = lgi.require('GLockFile', '1.0')
local Gio, GLib = lgi.Gio, lgi.GLib

local function exists(path)
  return GLib.file_test(path, 'EXISTS')
end

local function assert_fails(code, ok, failure)
  assert(not ok, 'did not fail')
  assert(failure:matches(GLockFile.LockFileError, code), tostring(failure))
  assert(#failure.message > 0)
end

local tests = {
  {'lock-and-unlock', function(path)
    local lock = GLockFile.LockFile.new(path)
    local seen = {}
    lock.on_notify['locked'] = function(self) table.insert(seen, self.locked) end
    assert(lock.file_name == path and lock.stale_lock_time == 30000 and not lock.locked)
    assert(lock:lock())
    assert(lock.locked and exists(path) and lock:verify())
    assert(lock:unlock())
    assert(not lock.locked and not exists(path))
    assert(#seen == 2 and seen[1] and not seen[2])
  end},

  {'errors-have-codes', function(path)
    local lock = GLockFile.LockFile { file_name = path }
    local other = GLockFile.LockFile.new_for_file(Gio.File.new_for_path(path))
    assert_fails('NOT_FOUND', lock:query_info())
    assert(lock:try_lock(0))
    assert_fails('LOCKED', other:try_lock(10))
    os.remove(path)
    assert_fails('LOST', lock:unlock())
  end},

  {'query-info', function(path)
    local lock = GLockFile.LockFile.new(path)
    assert(lock:lock())
    local info = lock:query_info()
    assert(info.pid == Gio.Credentials.new():get_unix_pid())
    assert(info.holder_state == 'RUNNING')
    assert(info.locked_since and info.token and info:describe():find(info.app_name, 1, true))
    assert(lock.previous_holder == nil)
    assert(lock:unlock())
  end},

  {'async', function(path)
    local lock = GLockFile.LockFile.new(path)
    local loop = GLib.MainLoop()
    local result, failure
    -- LGI waits in a coroutine for what it finds to have _async and _finish.
    Gio.Async.start(function()
      assert(lock:async_lock() and lock.locked)
      result, failure = GLockFile.LockFile.new(path):async_try_lock(10)
      assert(lock:async_unlock() and not lock.locked)
      loop:quit()
    end)()
    loop:run()
    assert_fails('LOCKED', result, failure)
  end},

  {'lost', function(path)
    local lock = GLockFile.LockFile.new(path)
    local loop = GLib.MainLoop()
    local lost
    -- LGI keeps no copy of the error beyond the handler.
    lock.on_lost = function(_, failure)
      lost = failure:matches(GLockFile.LockFileError, 'LOST') and not lock.locked
      loop:quit()
    end
    assert(lock:lock())
    os.remove(path)
    loop:run()
    assert(lost)
  end},
}

local failed = 0
print('1..' .. #tests)
for number, test in ipairs(tests) do
  local name, run = table.unpack(test)
  local folder = GLib.dir_make_tmp('glockfile-lua-XXXXXX')
  local ok, message = xpcall(run, debug.traceback, folder .. '/lock')
  os.remove(folder .. '/lock')
  os.remove(folder)
  if not ok then
    failed = failed + 1
    io.stderr:write(tostring(message), '\n')
  end
  print((ok and 'ok ' or 'not ok ') .. number .. ' ' .. name)
end
os.exit(failed == 0 and 0 or 1)
