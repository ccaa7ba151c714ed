"""As much of AniList's schema as anybody here may ask for, word for word: what is not in it is refused as there."""

from __future__ import annotations

import functools

from graphql import GraphQLSchema, build_schema

SDL = """
enum MediaType { ANIME MANGA }
enum MediaListStatus { CURRENT PLANNING COMPLETED DROPPED PAUSED REPEATING }
enum MediaFormat { TV TV_SHORT MOVIE SPECIAL OVA ONA MUSIC MANGA NOVEL ONE_SHOT }
enum MediaStatus { FINISHED RELEASING NOT_YET_RELEASED CANCELLED HIATUS }
enum ScoreFormat { POINT_100 POINT_10_DECIMAL POINT_10 POINT_5 POINT_3 }
enum MediaListSort { MEDIA_ID MEDIA_ID_DESC UPDATED_TIME UPDATED_TIME_DESC ADDED_TIME ADDED_TIME_DESC }
enum ActivityType { TEXT ANIME_LIST MANGA_LIST MESSAGE MEDIA_LIST }
enum ActivitySort { ID ID_DESC PINNED }

type FuzzyDate { year: Int month: Int day: Int }
type MediaTitle { romaji: String english: String native: String userPreferred: String }
type AiringSchedule { id: Int! airingAt: Int! timeUntilAiring: Int! episode: Int! mediaId: Int! }
type Media {
  id: Int! idMal: Int type: MediaType format: MediaFormat status: MediaStatus episodes: Int duration: Int
  startDate: FuzzyDate endDate: FuzzyDate title: MediaTitle nextAiringEpisode: AiringSchedule isAdult: Boolean
  siteUrl: String
}
type MediaList {
  id: Int! userId: Int! mediaId: Int! status: MediaListStatus score(format: ScoreFormat): Float progress: Int
  repeat: Int private: Boolean hiddenFromStatusLists: Boolean startedAt: FuzzyDate completedAt: FuzzyDate
  updatedAt: Int createdAt: Int media: Media
}
type MediaListGroup {
  name: String isCustomList: Boolean isSplitCompletedList: Boolean status: MediaListStatus entries: [MediaList]
}
type MediaListCollection { lists: [MediaListGroup] user: User hasNextChunk: Boolean }
type ListActivityOption { type: MediaListStatus disabled: Boolean }
type UserOptions { timezone: String activityMergeTime: Int disabledListActivity: [ListActivityOption] }
type MediaListTypeOptions { customLists: [String] splitCompletedSectionByFormat: Boolean }
type MediaListOptions { scoreFormat: ScoreFormat animeList: MediaListTypeOptions }
type User { id: Int! name: String! options: UserOptions mediaListOptions: MediaListOptions siteUrl: String }
type ListActivity {
  id: Int! userId: Int type: ActivityType status: String progress: String createdAt: Int! media: Media user: User
}
type TextActivity { id: Int! userId: Int type: ActivityType text: String createdAt: Int! }
union ActivityUnion = TextActivity | ListActivity
type PageInfo { total: Int perPage: Int currentPage: Int lastPage: Int hasNextPage: Boolean }
type Page {
  pageInfo: PageInfo
  media(id_in: [Int], type: MediaType): [Media]
  mediaList(userId: Int, userName: String, type: MediaType, status_in: [MediaListStatus], sort: [MediaListSort]):
    [MediaList]
  activities(userId: Int, type: ActivityType, sort: [ActivitySort], createdAt_greater: Int, createdAt_lesser: Int):
    [ActivityUnion]
}
type Query {
  Page(page: Int, perPage: Int): Page
  Media(id: Int, type: MediaType): Media
  User(id: Int, name: String): User
  Viewer: User
  MediaListCollection(
    userId: Int, userName: String, type: MediaType, status_in: [MediaListStatus], chunk: Int, perChunk: Int,
    forceSingleCompletedList: Boolean, sort: [MediaListSort]
  ): MediaListCollection
}
"""


@functools.cache
def schema() -> GraphQLSchema:
    return build_schema(SDL)
